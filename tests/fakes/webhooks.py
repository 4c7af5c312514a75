"""The CRM's receiver of events in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.ports.webhooks import Reply, Verdict


@dataclass
class FakeWebhook:
    """Answers `status` (0: nothing at all); `tries` are all that it was sent, `taken` what it took.

    `before` may raise or look around at each try; it may set `status` for one event.
    """

    status: int = 204
    retry_after: int | None = None
    tries: list[tuple[str, datetime]] = field(default_factory=list)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def deliver(self, name: str, body: bytes, *, at: datetime) -> Reply:
        self.before(name)
        self.tries.append((name, at))
        if self.status == 0:
            return Reply(Verdict.FAILED, "timeout")
        if 200 <= self.status < 300:
            self.taken.append((name, body))
            return Reply(Verdict.TAKEN)
        if self.status == 410:
            return Reply(Verdict.GONE, "status 410")
        wish = None if self.retry_after is None else timedelta(seconds=self.retry_after)
        return Reply(Verdict.FAILED, f"status {self.status}", wish)
