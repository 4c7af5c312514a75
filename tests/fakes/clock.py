"""Time that stands still until a test moves it, or somebody waits."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Waiting moves the time, never back; `slept` is all that anybody waited."""

    def __init__(self, time: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.time, self.slept, self._start = time, timedelta(), time

    def now(self) -> datetime:
        return self.time.astimezone(UTC)

    def elapsed(self) -> timedelta:
        return self.time - self._start

    def sleep(self, duration: timedelta) -> None:
        waited = max(timedelta(), duration)
        self.slept += waited
        self.time += waited

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)
