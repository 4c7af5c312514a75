"""Calls that fail on request."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.sandbox.gmail_simulator.clock import Clock, epoch_ms
from tests.sandbox.gmail_simulator.discovery import gmail
from tests.sandbox.gmail_simulator.errors import GoogleError, injected
from tests.sandbox.gmail_simulator.wire import Json

OAUTH = frozenset({"oauth.token", "oauth.revoke", "oauth.certs"})
UPLOAD = frozenset({"upload.start", "upload.chunk", "upload.status"})
_KNOWN = frozenset(
    {"method", "email", "after", "times", "status", "reason", "message"}
    | {"retry_after", "retry_after_header", "delay_ms", "drop", "hold", "effect"}
)


class Drop(StrEnum):
    """How an answer is lost: cut off or reset before the effect or after it, cut in its middle, or a page instead."""

    BEFORE = "before"
    AFTER = "after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    TRUNCATE = "truncate"
    HTML = "html"


class Moment(StrEnum):
    """When a call is held: before its effect, or after it."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True)
class Hold:
    """A call that stands still until it is `released`, to go on or to be cut off; `over` once it is through."""

    moment: Moment
    released: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Fault:
    """One rule: skips `after` calls, then strikes `times` calls (None: until deleted); `*` is every Gmail method."""

    method: str
    email: str | None
    after: int
    times: int | None
    status: int | None
    reason: str | None
    message: str | None
    retry_after: float | str | None
    retry_after_header: bool
    delay_ms: float
    drop: Drop | None
    hold: Moment | None = None
    effect: bool = False

    def _names(self, method: str) -> bool:
        return self.method == method or (self.method == "*" and method.startswith("gmail."))

    def strikes(self, method: str, email: str | None) -> bool:
        """Whether this call is hit; counts it."""
        if not self._names(method) or (self.email and self.email != (email or "").lower()):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens to one call; with `effect` the error is told although what was asked for has happened."""

    delay_ms: float = 0.0
    error: GoogleError | None = None
    drop: Drop | None = None
    hold: Hold | None = None
    effect: bool = False


NOTHING = Strike()


class Faults:
    """The rules in force, in the order in which they were given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: list[Fault] = []
        self._held: list[Hold] = []

    def add(self, rules: list[Fault]) -> None:
        """Puts rules behind those in force."""
        self._rules.extend(rules)

    def clear(self) -> None:
        """Ends all."""
        self._rules.clear()

    def strike(self, method: str, email: str | None) -> Strike:
        """What happens to this call. Delays add up; of the others the first rule that hits decides."""
        if not self._rules:
            return NOTHING
        delay = 0.0
        for rule in self._rules:
            if rule.strikes(method, email):
                delay += rule.delay_ms
                if rule.status is not None or rule.drop is not None or rule.hold is not None:
                    self._forget_spent()
                    return Strike(delay, self._error(rule), rule.drop, self._holding(rule), rule.effect)
        self._forget_spent()
        return Strike(delay)

    async def release(self, *, go: bool) -> int:
        """Lets every held call go on, or cuts it off; how many there were, once they are through."""
        held, self._held = self._held, []
        for one in held:
            one.released.set_result(go)
            await one.over.wait()
        return len(held)

    def _holding(self, rule: Fault) -> Hold | None:
        if rule.hold is None:
            return None
        self._held.append(Hold(rule.hold))
        return self._held[-1]

    def _forget_spent(self) -> None:
        self._rules = [rule for rule in self._rules if rule.times is None or rule.times > 0]

    def _error(self, rule: Fault) -> GoogleError | None:
        if rule.status is None:
            return None
        until = self._until(rule.retry_after)
        error = injected(rule.status, rule.reason, until)
        error.message = rule.message or error.message
        if until is not None and rule.retry_after_header:
            error.headers["Retry-After"] = str(max(0, round(until - self._clock.now())))
        return error

    def _until(self, retry_after: float | str | None) -> float | None:
        if isinstance(retry_after, str):
            return epoch_ms(retry_after) / 1000
        return None if retry_after is None else self._clock.now() + retry_after


def read_fault(body: Json) -> Fault:
    """One rule of the control interface; ValueError says what is wrong with it."""
    if unknown := body.keys() - _KNOWN:
        raise ValueError(f"a fault has no {min(unknown)!r}; it has {', '.join(sorted(_KNOWN))}")
    method = body.get("method")
    if method != "*" and method not in OAUTH | UPLOAD and method not in gmail().methods:
        raise ValueError(f"no method {method!r}: give a discovery id such as gmail.users.messages.send or oauth.token")
    if not any(body.get(name) for name in ("status", "delay_ms", "drop", "hold")):
        raise ValueError("a fault needs at least one of status, delay_ms, drop and hold")
    return Fault(
        method=method,
        email=_typed(body, "email", str, "").lower() or None,
        after=_typed(body, "after", int, 0),
        times=_typed(body, "times", int, None),
        status=_typed(body, "status", int, None),
        reason=_typed(body, "reason", str, None),
        message=_typed(body, "message", str, None),
        retry_after=_retry_after(body.get("retry_after")),
        retry_after_header=bool(body.get("retry_after_header")),
        delay_ms=_typed(body, "delay_ms", float, 0.0),
        drop=_drop(body.get("drop")),
        hold=_moment(body.get("hold")),
        effect=bool(body.get("effect")),
    )


def _typed(body: Json, name: str, kind: type, default: Any) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, (int, float) if kind is float else kind) or isinstance(value, bool):
        raise ValueError(  # noqa: TRY004 - one kind of error for everything wrong in a body
            f"{name} of a fault is a {kind.__name__}, not {value!r}"
        )
    return value


def _retry_after(value: object) -> float | str | None:
    if isinstance(value, str):
        epoch_ms(value)
        return value
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError("retry_after is a number of seconds or an RFC 3339 time")


def _drop(value: object) -> Drop | None:
    if value in {None, False}:
        return None
    if value is True:
        return Drop.AFTER
    if value in set(Drop):
        return Drop(str(value))
    raise ValueError(f"drop is true (after the effect) or one of {', '.join(Drop)}")


def _moment(value: object) -> Moment | None:
    if value in {None, False}:
        return None
    if value in set(Moment):
        return Moment(str(value))
    raise ValueError("hold is 'before' or 'after'")
