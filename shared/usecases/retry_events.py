"""Publishes the events whose next try is due, as many as the receiver may get, and gives up those that waited long."""

from datetime import datetime

from shared.domain import keys
from shared.domain import waiting_event as events
from shared.domain.receiver import Receiver, Standing, may_be_tried
from shared.errors import Conflict
from shared.ports.store import Query, Replace, Store, Where
from shared.ports.world import Topics

MOST = 1_000
"""In one run: a receiver that was down for days gets what waits over hours, not all at once."""


def retry_events(store: Store, topics: Topics, now: datetime) -> int:
    """How many were published, the longest due first: one while the receiver is down, none while it is disabled.

    Those that have waited for five days are marked as undelivered first (F49).
    """
    _give_up(store, now)
    most = _wanted(store.read(keys.RECEIVER).value(keys.RECEIVER) or Receiver(), now)
    if not most:
        return 0
    due = store.find(Query(keys.WAITING_EVENTS, (Where("retry_at", "<=", now),), "retry_at", limit=most))
    if due:
        topics.deliver_again({found.value.event.id: found.value.event.trace for found in due})
    return len(due)


def _wanted(receiver: Receiver, now: datetime) -> int:
    if not may_be_tried(receiver, now):
        return 0
    return MOST if receiver.standing is Standing.UP else 1


def _give_up(store: Store, now: datetime) -> None:
    overdue = (Where("gives_up_at", "<=", now),)
    for found in store.find(Query(keys.WAITING_EVENTS, overdue, order_by="gives_up_at", limit=MOST)):
        try:
            store.commit([Replace(found, events.given_up(found.value, now))])
        except Conflict:
            continue
