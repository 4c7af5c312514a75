"""Finds outbox entries whose own time has come: never taken up, waiting for Gmail, or in doubt."""

from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import MessageId, TraceId
from shared.ports.store import Query, Store, Where

PAGE = 500


def due_sends(store: Store, now: datetime) -> dict[MessageId, TraceId]:
    """At most a page of them with their traces, the longest waiting first; delivering moves their time on."""
    query = Query(keys.OUTBOX, where=(Where("settle_at", "<=", now),), order_by="settle_at", limit=PAGE)
    return {found.value.id: found.value.trace for found in store.find(query)}
