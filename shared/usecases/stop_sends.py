"""Has the sends of a connection that ended looked at now, so that their end shows at once (R39)."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.connection import Ending
from shared.domain.identifiers import MessageId, TraceId
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.outbox_steps import requeued
from shared.ports.store import Query, Replace, Store, Stored, Where
from shared.ports.world import Topics
from shared.usecases.contended import Patience

PAGE = 200
LIVE = [str(EntryState.QUEUED), str(EntryState.CLAIMED), str(EntryState.CALLING)]


def stop_sends(ending: Ending, *, store: Store, topics: Topics, patience: Patience) -> int:
    """How many are due now: whoever delivers them finds no connection, so that they end `failed`, in doubt `unknown`.

    One that a worker has claimed is taken from it, before it calls Gmail; a call that goes on is left to its own end.
    """
    mine = (
        Where("mailbox", "==", ending.mailbox),
        Where("location", "==", ending.location),
        Where("state", "in", LIVE),
    )
    after, due = None, dict[MessageId, TraceId]()
    while True:
        page = store.find(Query(keys.OUTBOX, mine, limit=PAGE, after=after))
        due |= {one.value.id: one.value.trace for one in page if _made_due(one, ending, store, patience)}
        if len(page) < PAGE:
            break
        after = "", page[-1].value.id
    if due:
        topics.deliver(due)
    return len(due)


def _made_due(found: Stored[OutboxEntry], ending: Ending, store: Store, patience: Patience) -> bool:
    def attempt() -> bool:
        stored = store.read(found.key).stored(found.key)
        made = _due(stored.value, ending, patience.now()) if stored else None
        if stored is None or made is None:
            return False
        store.commit([Replace(stored, made)])
        return True

    return patience.until_committed(attempt)


def _due(entry: OutboxEntry, ending: Ending, now: datetime) -> OutboxEntry | None:
    """The entry as it is to be looked at; not one of the connection's next life, nor one whose call goes on."""
    if entry.user != ending.user or (entry.queued_at or entry.accepted_at) > ending.ended_at:
        return None
    match entry.state:
        case EntryState.QUEUED | EntryState.CLAIMED:
            return replace(requeued(entry, now), not_before=None)
        case EntryState.CALLING if entry.call_ended_at:
            return replace(entry, settle_at=now)
        case _:
            return None
