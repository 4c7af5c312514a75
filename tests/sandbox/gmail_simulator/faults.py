"""Calls that fail on request."""

from dataclasses import dataclass
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
    | {"retry_after", "retry_after_header", "delay_ms", "drop"}
)


class Drop(StrEnum):
    """How an answer is lost: cut off before the effect, after it, or in its middle; or a page with 200 instead."""

    BEFORE = "before"
    AFTER = "after"
    TRUNCATE = "truncate"
    HTML = "html"


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
    """What happens to one call."""

    delay_ms: float = 0.0
    error: GoogleError | None = None
    drop: Drop | None = None


NOTHING = Strike()


class Faults:
    """The rules in force, in the order in which they were given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: list[Fault] = []

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
                if rule.status is not None or rule.drop is not None:
                    self._forget_spent()
                    return Strike(delay, self._error(rule), rule.drop)
        self._forget_spent()
        return Strike(delay)

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
    if not any(body.get(name) for name in ("status", "delay_ms", "drop")):
        raise ValueError("a fault needs at least one of status, delay_ms and drop")
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
    raise ValueError("drop is true (after the effect), 'before', 'after', 'truncate' or 'html'")
