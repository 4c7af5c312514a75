"""What was asked of the simulator: every call, and sums by method."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.sandbox.gmail_simulator.clock import rfc3339
from tests.sandbox.gmail_simulator.wire import Json

FORMATS = ("metadata", "full", "raw", "minimal")
_KEPT = 500_000


@dataclass(slots=True)
class Call:
    """One call, refused or not; `email` is None where the token was nobody's."""

    at: float
    method: str
    email: str | None
    id: str | None
    format: str | None
    status: int
    units: int
    size: int

    def body(self) -> Json:
        """As the control interface lists it."""
        return {
            "at": rfc3339(self.at),
            "method": self.method,
            "email": self.email,
            "id": self.id,
            "format": self.format,
            "status": self.status,
        }


@dataclass(slots=True)
class Sum:
    """Totals of one method."""

    calls: int = 0
    units: int = 0
    bytes: int = 0
    formats: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FORMATS, 0))


class Calls:
    """The calls so far, oldest first, and since when they are summed."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._sums: dict[tuple[str, str | None], Sum] = {}

    def add(self, call: Call) -> None:
        """Records one."""
        self._calls.append(call)
        key = (call.method, call.email)
        total = self._sums.get(key)
        if total is None:
            total = self._sums[key] = Sum()
        total.calls += 1
        total.units += call.units
        total.bytes += call.size
        if call.format in total.formats:
            total.formats[call.format] += 1

    def listed(self, email: str | None, method: str | None) -> list[Json]:
        """The calls of one mailbox and method (None: of all)."""
        return [
            call.body()
            for call in self._calls
            if (email is None or call.email == email) and (method is None or call.method == method)
        ]

    def usage(self, email: str | None) -> dict[str, Json]:
        """{method: {calls, units, bytes, formats}} of one mailbox (None: of all)."""
        methods: dict[str, list[Sum]] = {}
        for (method, of), total in self._sums.items():
            if email is None or of == email:
                methods.setdefault(method, []).append(total)
        return {method: _together(sums) for method, sums in methods.items()}

    def forget_usage(self) -> None:
        """Sums from nothing again."""
        self._sums.clear()

    def forget(self) -> None:
        """Forgets the calls themselves."""
        self._calls.clear()


def _together(sums: Iterable[Sum]) -> Json:
    listed = list(sums)
    return {
        "calls": sum(one.calls for one in listed),
        "units": sum(one.units for one in listed),
        "bytes": sum(one.bytes for one in listed),
        "formats": {name: sum(one.formats[name] for one in listed) for name in FORMATS},
    }
