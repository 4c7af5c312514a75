"""How each mail of a chunk ended: stored, left out, gone, or parked; counted and remembered with the chunk's commit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.case import since
from shared.domain.decisions import GONE_CHECK, KEPT, NEVER_SYNCS, Decided, LeftOut, Parked, next_retry
from shared.domain.history import Chunk
from shared.domain.identifiers import GmailId, LocationId
from shared.domain.mailbox import Mailbox, Tally
from shared.domain.send_window import reserved
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.sync_work import Work

GONE = "gone?"
"""A mail that Gmail did not have: asked once more before it counts as gone (F16)."""


class Ends:
    """The chunk's results so far; `bytes` is what its documents hold since the last commit.

    `repeated`: some of it may have been committed before, and its events may not have gone out.
    """

    def __init__(self, work: Work, chunk: Chunk, tried: Mapping[GmailId, Parked], *, repeated: bool = False) -> None:
        self.repeated = repeated
        self.mailbox, self.first, self.at, self._tried = work.mailbox, chunk.first, work.at(), tried
        self.flags = {item.gmail_id: item.flags for item in chunk.items}
        self._through = max((item.last for item in chunk.items), default=0)
        self._settled_until = work.settled_until
        self.events: list[Event] = []
        self.bytes = 0
        self.recounted: set[GmailId] = set()
        """Mail that was left out and counted before, and is looked at once more."""
        self.known_before: set[GmailId] = set()
        """Mail that some location has, and was counted for, decided again for the others."""
        self.untold: list[GmailId] = []
        """Parked mail that was stored: it stays parked until that is told, so that a crash cannot come between them."""
        self._left_out: dict[GmailId, dict[LocationId, LeftOut]] = {}
        self._gone: list[GmailId] = []
        self._counts: Counter[str] = Counter()
        self._told = work.counts
        self._sent_at: list[datetime] = []
        self._parked_due: datetime | None = None

    def never(self, batch: Batch, gmail_id: GmailId) -> None:
        """Left out for its labels alone, in every location (R19)."""
        rules = {}
        for location in self.mailbox.links:
            settings = batch.value(keys.location(location))
            rules[location] = LeftOut(NEVER_SYNCS, settings.policy_version if settings else 0)
        self.left_out(batch, gmail_id, rules, stored=False)

    def left_out(
        self,
        batch: Batch,
        gmail_id: GmailId,
        rules: dict[LocationId, LeftOut],
        *,
        stored: bool,
        when: datetime | None = None,
    ) -> None:
        """The rules that left it out of some locations; `stored` if another location has it."""
        if rules:
            self._left_out[gmail_id] = rules
        if not stored:
            self._counts["left_out"] += 0 if self._counted(gmail_id, when) else 1
            self._settle(batch, gmail_id)

    def _counted(self, gmail_id: GmailId, when: datetime | None) -> bool:
        """Whether the mail has counted before; so it has where a list overlaps with what was settled."""
        if gmail_id in self.recounted | self.known_before:
            return True
        listed = when and self._settled_until and when <= self._settled_until
        return bool(listed) and gmail_id not in self._tried

    def stored(self, gmail_id: GmailId) -> None:
        """In a conversation now."""
        self._counts["stored"] += 0 if gmail_id in self.known_before else 1
        if gmail_id in self._tried:
            self.untold.append(gmail_id)

    def known(self, batch: Batch, gmail_id: GmailId) -> None:
        """Was in a conversation before; nothing to count but a retry that is settled."""
        self._settle(batch, gmail_id)

    def sent(self, gmail_id: GmailId, when: datetime) -> None:
        """A mail that the user sent in Gmail itself: it counts against the limit, however often it is decided (R54).

        What was sent before the connection was counted when that was made.
        """
        connected = min(link.connected_at for link in self.mailbox.links.values())
        if when >= since(connected) and not self._counted(gmail_id, when):
            self._sent_at.append(when)

    def fail(self, batch: Batch, gmail_id: GmailId, reason: str) -> None:
        """Gone, if Gmail did not have it twice; else parked with its reason and the time of its next try."""
        before = self._tried.get(gmail_id)
        key = keys.parked(self.mailbox.id, gmail_id)
        again = batch.value(key) is not None
        if before and not again:
            return  # an operator dropped it while it was being tried
        if reason == GONE and before:
            self._gone.append(gmail_id)
            self._counts["gone"] += 1
            self._settle(batch, gmail_id)
            return
        attempts = before.attempts + 1 if before else 1
        retry_at = self.at + GONE_CHECK if reason == GONE else next_retry(attempts, self.at)
        since = before.since if before else self.at
        batch.put(key, Parked(self.mailbox.id, gmail_id, reason, attempts, since, retry_at))
        if not before and not again:
            self._counts["parked"] += 1
        if retry_at:
            self._parked_due = min(self._parked_due or retry_at, retry_at)

    def retried(self, gmail_id: GmailId) -> bool:
        """Whether it was placed before, parked or not: what it made in that try may not have been told."""
        return self.repeated or gmail_id in self._tried

    def _settle(self, batch: Batch, gmail_id: GmailId) -> None:
        key = keys.parked(self.mailbox.id, gmail_id)
        if gmail_id in self._tried and batch.value(key) is not None:
            self._counts["parked"] -= 1
            batch.drop(key)

    def remember(self, batch: Batch) -> None:
        """Stages the ids and rules of what was left out: all that is ever kept of it (R23)."""
        if not (self._left_out or self._gone):
            return
        key = keys.decided(self.mailbox.id, self.first)
        have = batch.value(key)
        left_out = {**(have.left_out if have else {}), **self._left_out}
        gone = tuple(dict.fromkeys([*(have.gone if have else ()), *self._gone]))
        ids = tuple(dict.fromkeys([*left_out, *gone]))
        batch.put(key, Decided(self.mailbox.id, self.at, self.at + KEPT, left_out, gone, ids, self._through))

    def counted(self, mailbox: Mailbox) -> Mailbox:
        """The mailbox with what ended since the last commit."""
        for when in self._sent_at:
            mailbox = reserved(mailbox, when) if when <= self.at else reserved(mailbox, self.at)
        due = [time for time in (mailbox.parked_due, self._parked_due) if time]
        tally: Tally = mailbox.tally.plus(**self._counts)
        return replace(mailbox, tally=tally, parked_due=min(due) if due else None)

    def written(self) -> None:
        """The counts are in the store, and told with the run."""
        self._told.update(self._counts)
        self._counts, self._sent_at, self.bytes = Counter(), [], 0
