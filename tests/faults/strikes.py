"""Ports whose every operation is counted, and can be the one at which the process dies, fails or stands still."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, assert_never, cast

from shared.errors import Doubtful, Transient

T = TypeVar("T")


class Mode(StrEnum):
    """What happens at the operation that is struck."""

    DIE_BEFORE = "dies before"
    DIE_AFTER = "dies after"
    FAIL_BEFORE = "fails"
    FAIL_AFTER = "is done, but fails"
    STALL = "stalls until its deadline, done too late"
    PAUSE = "is paused beyond its lease, then goes on"


class Died(BaseException):
    """The process ended here; no `except Exception` holds it up."""


@dataclass
class Fate:
    """Counts operations, and strikes those that were chosen.

    `others` is what other processes do while one stands still. Once a process has died, nothing that it does in its
    last gasp (`finally`, `except BaseException`) reaches anything.
    """

    others: Callable[[], None] = lambda: None
    names: list[str] = field(default_factory=list)
    chosen: dict[int, Mode] = field(default_factory=dict)
    struck: list[str] = field(default_factory=list)
    dead: bool = False
    counting: bool = True

    def arm(self, mode: Mode, *, after: int = 0) -> None:
        """Strikes the operation that comes after that many others."""
        self.chosen[len(self.names) + after] = mode

    def disarm(self) -> None:
        """Nothing more is struck."""
        self.chosen.clear()

    def act(self, name: str, run: Callable[[], T]) -> T:
        """One operation, named `port.method`, with whatever is meant to befall it."""
        if self.dead:
            raise Died(name)
        if not self.counting:
            return run()
        number = len(self.names)
        self.names.append(name)
        mode = self.chosen.pop(number, None)
        if mode is None:
            return run()
        self.struck.append(f"{name} {mode}")
        return self._strike(mode, name, run)

    def _strike(self, mode: Mode, name: str, run: Callable[[], T]) -> T:
        match mode:
            case Mode.DIE_BEFORE:
                raise self._death(name)
            case Mode.DIE_AFTER:
                run()
                raise self._death(name)
            case Mode.FAIL_BEFORE:
                raise Transient(f"{name}: struck")
            case Mode.FAIL_AFTER:
                run()
                raise _lost_answer(name)
            case Mode.STALL:
                self.others()
                run()
                raise _lost_answer(name)
            case Mode.PAUSE:
                self.others()
                return run()
            case _:
                assert_never(mode)

    def _death(self, name: str) -> Died:
        self.dead = True
        return Died(name)


def _lost_answer(name: str) -> Exception:
    """What a caller is told whose request was carried out, but whose answer never came."""
    return Doubtful(name) if name in {"sender.finish", "session.send"} else Transient(f"{name}: struck")


class _Struck:
    """A port whose methods are operations; what some of them open is struck in its turn."""

    def __init__(self, port: Any, name: str, fate: Fate, opens: dict[str, str]) -> None:
        self._port, self._name, self._fate, self._opens = port, name, fate, opens

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found
        if opened := self._opens.get(method):
            return lambda *given, **named: struck(found(*given, **named), opened, self._fate)
        name = f"{self._name}.{method}"
        if name in _ASKS_NOBODY:
            return found
        return lambda *given, **named: self._fate.act(name, lambda: found(*given, **named))


_ASKS_NOBODY = {"grants.authorize_url"}
_OPENS: dict[str, dict[str, str]] = {
    "google": {"open": "gmail", "open_with": "gmail", "sender": "sender"},
}
"""Methods that ask nobody anything, and the port that they give."""


def struck(port: T, name: str, fate: Fate) -> T:
    """The port under that name, with every call of a method an operation of `fate`.

    A port `google` gives struck `gmail` and `sender` ports.
    """
    return cast("T", _Struck(port, name, fate, _OPENS.get(name, {})))


class StruckProvider:
    """Sessions are opened by one operation, and each mail handed over is one."""

    def __init__(self, provider: Any, fate: Fate) -> None:
        self._provider, self._fate = provider, fate

    def open(self, provider: Any) -> Any:
        """A session that is struck, too."""
        session = self._fate.act("provider.open", lambda: self._provider.open(provider))
        return struck(session, "session", self._fate)
