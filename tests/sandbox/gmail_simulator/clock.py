"""The stack's clock: real time, plus whatever tests have advanced it by."""

import time
from datetime import UTC, datetime

MOMENTS_S = 30.0
"""How long anything may be under way."""


class Clock:
    """Seconds since the epoch, moved forward on request and never back."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._before: list[tuple[float, float]] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead_s

    def now_ms(self) -> int:
        """Milliseconds since the epoch, Gmail's unit."""
        return int((time.time() + self._ahead_s) * 1000)

    def advance(self, seconds: float) -> None:
        """Moves the clock; a negative number raises ValueError."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._before.append((time.time(), self._ahead_s))
        self._ahead_s += seconds

    def shown(self) -> list[float]:
        """Its time, and what it would be without the moves of the last moments: what was under way knew no other."""
        real = time.time()
        self._before = [(at, ahead) for at, ahead in self._before if at > real - MOMENTS_S]
        return [real + ahead for ahead in dict.fromkeys([self._ahead_s, *(ahead for _, ahead in self._before)])]


def rfc3339(moment: float) -> str:
    """`2026-11-21T20:00:00.000Z` for seconds since the epoch."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time or of a plain number of milliseconds; ValueError otherwise."""
    if text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
