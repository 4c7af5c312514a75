"""Tries parked mail again when its time has come."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.decisions import Parked, next_retry
from shared.domain.history import Chunk, Item
from shared.domain.identifiers import ThreadId
from shared.domain.mailbox import renewed
from shared.ports.store import Put, Query, Where
from shared.usecases.fetch_mail import OF_THE_MAILBOX
from shared.usecases.sync_work import Work
from shared.usecases.take_in import take_in

MOST = 20


def _started(parked: Parked, at: datetime) -> Parked:
    """As if this try had failed: a mail that kills the process counts its tries all the same (F29)."""
    attempts = parked.attempts + 1
    return replace(parked, attempts=attempts, retry_at=next_retry(attempts, at))


def retry_parked(work: Work) -> None:
    """Takes in what is due, one mail at a time, so that none can stop another; the rest wakes the mailbox again."""
    mine = Where("mailbox", "==", work.mailbox.id)
    query = Query(keys.PARKED, (mine, Where("retry_at", "<=", work.at())), "retry_at", limit=MOST)
    found = [stored.value for stored in work.ports.store.find(query)]
    later = work.ports.store.find(Query(keys.PARKED, (mine, Where("retry_at", ">", work.at())), "retry_at", limit=1))
    started = [_started(parked, work.at()) for parked in found]
    times = [one.retry_at for one in started if one.retry_at]
    times += [work.at()] if len(found) == MOST else [one.value.retry_at for one in later if one.value.retry_at]
    work.save(
        lambda mailbox, at: replace(renewed(mailbox, at=at), parked_due=min(times, default=None)),
        [Put(keys.parked(one.mailbox, one.gmail_id), one) for one in started],
    )
    careful, work.careful = work.careful, True
    for parked in found:
        _again(work, parked)
    work.careful = careful


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
