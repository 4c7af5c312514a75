"""What operators see of the events on their way to the CRM, and what they can do about them (F49, R76)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from shared.domain import keys
from shared.domain.events_attention import EventsStatus
from shared.domain.identifiers import MailboxId, UserId
from shared.domain.message import EPOCH
from shared.domain.receiver import Receiver
from shared.domain.waiting_event import WaitingEvent, replayed
from shared.ports.store import Put, Query, Replace, Store, Stored, Where
from shared.usecases.operating import Operating, Target, noted
from shared.usecases.pages import After, Listed, listed

MOST = 100
"""Events that one replay has delivered; repeat it for more."""


def events_status(store: Store, now: datetime) -> EventsStatus:
    """How it stands now."""
    receiver = store.read(keys.RECEIVER).value(keys.RECEIVER) or Receiver()
    waits = (Where("gives_up_at", ">", EPOCH),)
    first = store.find(Query(keys.WAITING_EVENTS, waits, order_by="gives_up_at", limit=1))
    return EventsStatus(
        receiver=receiver,
        waiting=store.count(keys.WAITING_EVENTS, waits),
        oldest=first[0].value.since if first else None,
        undelivered=store.count(keys.WAITING_EVENTS, (Where("expires_at", ">", now),)),
    )


def list_undelivered(store: Store, *, now: datetime, limit: int, after: After | None = None) -> Listed[WaitingEvent]:
    """A page of the events that were given up, those first that are forgotten first."""
    return listed(store, _undelivered(now, limit), lambda one: one.expires_at, after=after)


def enable_receiver(ports: Operating, by: UserId) -> None:
    """The receiver counts as up again, whatever it said before; the timer's next runs deliver what waits."""
    line = noted(Target(by, MailboxId("")), "receiver_enabled", ports.patience.now())
    ports.store.commit([Put(keys.RECEIVER, Receiver()), line])


def replay_events(ports: Operating, by: UserId, names: Sequence[str] = ()) -> int:
    """Has undelivered events tried for another five days: those of these ids, else up to a hundred; how many."""
    return ports.patience.until_committed(partial(_replayed, ports, by, names))


def _replayed(ports: Operating, by: UserId, names: Sequence[str]) -> int:
    now = ports.store.read(keys.RECEIVER).at
    lost = _named(ports.store, names) if names else ports.store.find(_undelivered(now, MOST))
    if lost:
        line = noted(Target(by, MailboxId("")), "events_replayed", now)
        ports.store.commit([*(Replace(stored, replayed(stored.value, now)) for stored in lost), line])
    return len(lost)


def _named(store: Store, names: Sequence[str]) -> list[Stored[WaitingEvent]]:
    wanted = [keys.waiting_event(name) for name in dict.fromkeys(names)]
    found = store.read(*wanted)
    return [stored for key in wanted if (stored := found.stored(key)) and stored.value.undelivered_at]


def _undelivered(now: datetime, limit: int) -> Query[WaitingEvent]:
    return Query(keys.WAITING_EVENTS, (Where("expires_at", ">", now),), order_by="expires_at", limit=limit)
