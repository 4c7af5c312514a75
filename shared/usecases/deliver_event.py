"""Hands one event to the CRM's receiver, or keeps it until that can be done (R75, F49)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from shared.domain import keys
from shared.domain import receiver as receivers
from shared.domain import waiting_event as events
from shared.domain.receiver import Receiver, Standing
from shared.domain.waiting_event import Announced, WaitingEvent
from shared.errors import Conflict, Transient
from shared.ports.store import Create, Delete, Replace, Store, Stored, Write
from shared.ports.webhooks import Reply, Verdict, Webhook
from shared.usecases.contended import Patience


class Outcome(StrEnum):
    """What became of an event; `kept` is written down and tried later, `settled` needs nothing more."""

    NOBODY = "nobody asked"
    TAKEN = "taken"
    KEPT = "kept"
    UNDELIVERED = "undelivered"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Delivering:
    """What a delivery may touch; without a webhook there is nobody to tell."""

    store: Store
    patience: Patience
    webhook: Webhook | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the event, and why."""

    event: str
    outcome: Outcome
    reason: str = ""


def deliver_event(ports: Delivering, event: Announced) -> Delivered:
    """Delivers an event that was announced; one that waits already is tried when its own time has come.

    All times are the store's, whatever this instance's clock says (F31). Raises `Transient` if it is not delivered and
    could not be kept either: then its push must come again.
    """
    return _delivered(ports, event.id, event)


def deliver_again(ports: Delivering, name: str) -> Delivered:
    """Delivers a waiting event, by its id. Raises as `deliver_event` does."""
    return _delivered(ports, name, None)


def _delivered(ports: Delivering, name: str, announced: Announced | None) -> Delivered:
    if ports.webhook is None:
        return Delivered(name, Outcome.NOBODY)
    key = keys.waiting_event(name)
    found = ports.store.read(keys.RECEIVER, key)
    waits, known, now = found.stored(key), found.stored(keys.RECEIVER), found.at
    if waits and (waits.value.retry_at is None or waits.value.retry_at > now):
        return Delivered(name, Outcome.SETTLED, "its time has not come")
    event = waits.value.event if waits else announced
    if event is None:
        return Delivered(name, Outcome.SETTLED, "it is delivered")
    receiver = known.value if known else Receiver()
    if not _begun(ports.store, receiver, known, waits, now):
        return _kept(ports.store, event, waits, receiver, now)
    reply = ports.webhook.deliver(name, event.body.encode(), at=now)
    if reply.verdict is Verdict.TAKEN:
        _settle(ports.store, waits, receiver)
        return Delivered(name, Outcome.TAKEN)
    probe = receiver.standing is Standing.DOWN
    return ports.patience.until_committed(lambda: _recorded(ports, event, reply, probe=probe))


def _begun(
    store: Store, receiver: Receiver, known: Stored[Receiver] | None, waits: Stored[WaitingEvent] | None, now: datetime
) -> bool:
    """Whether the event may be tried now: nobody else tries it, and no other one is tried while all is down."""
    if not receivers.may_be_tried(receiver, now):
        return False
    claims: list[Write] = []
    if known and receiver.standing is Standing.DOWN:
        claims.append(Replace(known, receivers.probing(receiver, now)))
    if waits:
        claims.append(Replace(waits, events.being_tried(waits.value, now)))
    try:
        if claims:
            store.commit(claims)
    except Conflict:
        return False
    return True


def _kept(
    store: Store, event: Announced, waits: Stored[WaitingEvent] | None, receiver: Receiver, now: datetime
) -> Delivered:
    if receiver.standing is Standing.UP:
        return Delivered(event.id, Outcome.SETTLED, "it is being tried")
    reason = str(receiver.standing)
    if waits is None:
        try:
            store.commit([Create(keys.waiting_event(event.id), events.waiting(event, now, reason))])
        except Conflict:
            return Delivered(event.id, Outcome.SETTLED, "it is kept")
    return Delivered(event.id, Outcome.KEPT, reason)


def _settle(store: Store, waits: Stored[WaitingEvent] | None, receiver: Receiver) -> None:
    """The event waits no more; that its receiver answers is news only if it did not before."""
    if waits:
        store.commit([Delete(waits.key)])
    if receivers.answered(receiver) == receiver:
        return
    try:
        if known := store.read(keys.RECEIVER).stored(keys.RECEIVER):
            store.commit([Replace(known, receivers.answered(known.value))])
    except (Conflict, Transient):
        return


def _recorded(ports: Delivering, event: Announced, reply: Reply, *, probe: bool) -> Delivered:
    """Event and receiver after a failure, in one batch. Raises `Conflict`, `Transient`."""
    key = keys.waiting_event(event.id)
    found = ports.store.read(keys.RECEIVER, key)
    waits, known, now = found.stored(key), found.stored(keys.RECEIVER), found.at
    before = known.value if known else Receiver()
    tried = waits.value if waits else replace(events.waiting(event, now, reply.reason), attempts=1)
    after = _told(before, reply, now, probe=probe, first=tried.attempts == 1)
    left = events.refused(tried, now, reply.reason, held=after.standing is not Standing.UP)
    writes: list[Write] = [Replace(waits, left) if waits else Create(key, left)]
    if after != before:
        writes.append(Replace(known, after) if known else Create(keys.RECEIVER, after))
    ports.store.commit(writes)
    return Delivered(event.id, Outcome.UNDELIVERED if left.undelivered_at else Outcome.KEPT, reply.reason)


def _told(receiver: Receiver, reply: Reply, now: datetime, *, probe: bool, first: bool) -> Receiver:
    match reply.verdict:
        case Verdict.TAKEN:
            return receivers.answered(receiver)
        case Verdict.GONE:
            return receivers.gone(receiver, now)
        case Verdict.FAILED:
            return receivers.failed(receiver, now, reply.reason, probe=probe, first=first, wish=reply.wish)
        case _:
            assert_never(reply.verdict)
