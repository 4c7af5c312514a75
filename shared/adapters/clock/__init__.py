"""The system's clock, and in tests one that can be moved."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
import urllib3


class SystemClock:
    """UTC; with `url`, the time that is told there."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(maxsize=8, retries=False, timeout=5.0) if url else None

    def now(self) -> datetime:
        """The time."""
        if not self._pool or not self._url:
            return datetime.now(UTC)
        told = msgspec.json.decode(self._pool.request("GET", self._url).data, type=dict[str, datetime])
        return told["now"].astimezone(UTC)

    def offset(self) -> timedelta:
        """How far this clock has been moved from the system's."""
        return self.now() - datetime.now(UTC) if self._url else timedelta()

    def elapsed(self) -> timedelta:
        """Since the machine started; the time that is told counts as what passes."""
        return timedelta(seconds=time.monotonic()) + self.offset()

    def sleep(self, duration: timedelta) -> None:
        """Waits, in real time."""
        time.sleep(max(0.0, duration.total_seconds()))
