"""Tries parked mail again when its time has come."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.decisions import Parked, next_retry
from shared.domain.history import Chunk, Item
from shared.domain.identifiers import ThreadId
from shared.domain.mailbox import Mailbox, renewed
from shared.errors import Transient
from shared.ports.store import Query, Replace, Stored, Where
from shared.usecases.fetch_mail import OF_THE_MAILBOX
from shared.usecases.hold_mailbox import Changed, refreshed
from shared.usecases.sync_work import Work
from shared.usecases.take_in import take_in

MOST = 20
TRIES = 8


def retry_parked(work: Work) -> None:
    """Takes in what is due, one mail at a time, so that none can stop another; the rest wakes the mailbox again."""
    found = _begun(work)
    careful, work.careful = work.careful, True
    for parked in found:
        _again(work, parked)
    work.careful = careful


def _begun(work: Work) -> list[Parked]:
    """What is due, as it was before this try was written down; nothing that an operator drops meanwhile comes back."""
    for _ in range(TRIES):
        found, later = _due(work)
        try:
            _write_begun(work, found, later)
        except Changed:
            work.held = refreshed(work.ports.store, work.held)
            continue
        return [stored.value for stored in found]
    raise Transient("store: the parked mail is contended")


def _due(work: Work) -> tuple[list[Stored[Parked]], list[datetime]]:
    """What is due, and when the next one is."""
    mine = Where("mailbox", "==", work.mailbox.id)
    query = Query(keys.PARKED, (mine, Where("retry_at", "<=", work.at())), "retry_at", limit=MOST)
    found = work.ports.store.find(query)
    later = work.ports.store.find(Query(keys.PARKED, (mine, Where("retry_at", ">", work.at())), "retry_at", limit=1))
    more = [work.at()] if len(found) == MOST else []
    return found, [*more, *(one.value.retry_at for one in later if one.value.retry_at)]


def _write_begun(work: Work, found: list[Stored[Parked]], later: list[datetime]) -> None:
    seen = work.mailbox.parked_due
    started = [_started(stored.value, work.at()) for stored in found]
    times = [*later, *(one.retry_at for one in started if one.retry_at)]

    def changed(mailbox: Mailbox, at: datetime) -> Mailbox:
        """What an operator had tried again meanwhile stays due."""
        asked = [mailbox.parked_due] if mailbox.parked_due and mailbox.parked_due != seen else []
        return replace(renewed(mailbox, at=at), parked_due=min([*times, *asked], default=None))

    work.save(changed, [Replace(stored, begun) for stored, begun in zip(found, started, strict=True)])


def _started(parked: Parked, at: datetime) -> Parked:
    """As if this try had failed: a mail that kills the process counts its tries all the same (F29)."""
    attempts = parked.attempts + 1
    return replace(parked, attempts=attempts, retry_at=next_retry(attempts, at))


def _again(work: Work, parked: Parked) -> None:
    item = Item(parked.gmail_id, ThreadId(""), fresh=True)
    first = f"again-{work.mailbox.fence}-{parked.gmail_id}"
    try:
        take_in(work, Chunk(first, (item,), 0), tried={parked.gmail_id: parked})
    except OF_THE_MAILBOX:
        raise
    except Exception:  # noqa: BLE001 - this try counts as failed already, and the next mail has its own
        work.counts["failed again"] += 1
    work.counts["tried again"] += 1
