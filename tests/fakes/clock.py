"""Time that stands still until a test moves it, or somebody waits."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Waiting moves the time; `slept` is all that anybody waited."""

    def __init__(self, time: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.time, self.slept = time, timedelta()

    def now(self) -> datetime:
        return self.time

    def sleep(self, duration: timedelta) -> None:
        self.slept += duration
        self.time += duration

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)
