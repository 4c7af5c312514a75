"""A Gmail account that lives for weeks: its watch lapses, its index lags, it forgets, and it is in trouble at times."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.domain.history import Change
from shared.domain.identifiers import GmailId
from shared.errors import CursorExpired, GrantLost, PageExpired, Refused
from shared.ports.gmail import HistoryPage, Watch
from tests.fakes.gmail import FakeMailbox

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
APART = timedelta(seconds=1)
"""Gmail notifies of one change a second and mailbox; it drops the others (F04)."""


@dataclass
class Account(FakeMailbox):
    """`refused` is its grant, `trouble` what every call ends with until `trouble_until`; `poison` can never be had."""

    refused: GrantLost | None = None
    trouble: Exception | None = None
    trouble_until: datetime = NEVER
    poison: set[str] = field(default_factory=set)
    watched_until: datetime = NEVER
    unwatchable_until: datetime = NEVER
    notified_at: datetime = NEVER
    stale_pages: int = 0
    ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fail = self._trouble

    def deliver(
        self, raw: str, *, labels: Sequence[str] = ("INBOX", "UNREAD"), at: datetime | None = None, thread: str = ""
    ) -> GmailId:
        name = super().deliver(raw, labels=labels, at=at, thread=thread)
        self._index()
        return name

    def label(self, name: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        super().label(name, add=add, remove=remove)
        self._index()

    def forget_history(self) -> None:
        super().forget_history()
        self.ids.clear()

    def poison_next(self) -> None:
        """The next mail will be one that can never be had."""
        self.poison.add(f"m{self.delivered + 1}-{self.address.partition('@')[0]}")

    def lapsed(self) -> bool:
        """Whether the watch has run out; said once."""
        out = NEVER < self.watched_until <= self.now()
        self.watched_until = NEVER if out else self.watched_until
        return out

    def notifies(self) -> bool:
        """Whether Gmail publishes what just happened."""
        now = self.now()
        if now >= self.watched_until or now - self.notified_at < APART:
            return False
        self.notified_at = now
        return True

    def watch(self, topic: str) -> Watch:
        if self.now() < self.unwatchable_until:
            raise Refused("permissionDenied", "Error sending test message to Cloud PubSub")
        given = super().watch(topic)
        self.watched_until = given.expires_at
        return given

    def stop(self) -> None:
        super().stop()
        self.watched_until = NEVER

    def history(self, since: int, page: str | None) -> HistoryPage:
        self._count("history", str(since))
        if since < self.oldest:
            raise CursorExpired
        if page and self.stale_pages:
            self.stale_pages -= 1
            raise PageExpired
        newest = self.newest - self.lag
        first = bisect_right(self.ids, since) + int(page or 0)
        last = bisect_right(self.ids, newest)
        shown: list[Change] = self.changes[first : min(first + self.page, last)]
        following = str(int(page or 0) + self.page) if last > first + self.page else None
        return HistoryPage(tuple(shown), newest, following)

    def _index(self) -> None:
        self.ids += [change.history_id for change in self.changes[len(self.ids) :]]

    def well(self, _: str = "") -> None:
        """Raises what every call ends with now, if anything does."""
        if self.refused:
            raise self.refused
        if self.trouble and self.now() < self.trouble_until:
            raise self.trouble

    def _trouble(self, name: str, what: str) -> None:
        self.well()
        if what in self.poison and name in {"headers", "full"}:
            raise Refused("badRequest", "Gmail refused the request (400).")
