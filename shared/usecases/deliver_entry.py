"""Takes one accepted mail a step further: queued, claimed, calling, and then sent, failed or unknown."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from shared.domain import failures, keys
from shared.domain.connection import Connection, ConnectionState
from shared.domain.identifiers import MessageId
from shared.domain.mailbox import Mailbox
from shared.domain.message import Failure
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.outbox_steps import claimed, due, shown, too_old
from shared.errors import Conflict, GrantLost
from shared.ports.store import Stored
from shared.usecases.adopt_sent import ended_event
from shared.usecases.batch import Batch
from shared.usecases.call_gmail import call_gmail
from shared.usecases.claim_thread import claim_told
from shared.usecases.deliver_run import deliver_run
from shared.usecases.delivery import Delivery, Outcome
from shared.usecases.end_entry import fail, postpone
from shared.usecases.read_back import read_back
from shared.usecases.settle_doubt import settle_doubt


def deliver_entry(name: MessageId, ports: Delivery) -> Outcome:
    """Does what the entry's state asks for; told twice, or by two workers at once, it never sends twice (R55).

    Raises `Transient` if nothing durable could be written.
    """
    return ports.patience.until_committed(lambda: _step(name, ports))


def _step(name: MessageId, ports: Delivery) -> Outcome:
    """Raises `Conflict` only before anything was asked of Gmail."""
    reading = ports.store.read(keys.outbox(name))
    stored = reading.stored(keys.outbox(name))
    if stored is None:
        return Outcome(None, "no such entry")
    outcome = _acted(stored, reading.at, ports)
    return replace(outcome, attempt=outcome.attempt or stored.value.attempt)


def _acted(stored: Stored[OutboxEntry], at: datetime, ports: Delivery) -> Outcome:
    entry = stored.value
    if entry.provided:
        return deliver_run(stored, at, ports)
    match entry.state:
        case EntryState.QUEUED:
            waits = entry.not_before is not None and entry.not_before > at
            return Outcome(entry.state, "not yet") if waits else _take_up(stored, ports)
        case EntryState.CLAIMED:
            return _take_up(stored, ports) if due(entry, at) else Outcome(entry.state, "with another worker")
        case EntryState.CALLING:
            return settle_doubt(stored, ports) if due(entry, at) else Outcome(entry.state, "being called")
        case EntryState.SENT:
            return read_back(entry, ports) if entry.settle_at and due(entry, at) else _told_again(entry, ports)
        case EntryState.FAILED | EntryState.UNKNOWN:
            return _told_again(entry, ports)
        case _:
            assert_never(entry.state)


def _told_again(entry: OutboxEntry, ports: Delivery) -> Outcome:
    """The event once more, which may have been lost after the entry's end was written; receivers know it by its id."""
    now = ports.patience.now()
    ports.topics.announce([ended_event(entry, now=now), *claim_told(Batch(ports.store), entry, now=now)])
    return Outcome(entry.state, "told again")


def _take_up(stored: Stored[OutboxEntry], ports: Delivery) -> Outcome:
    entry = stored.value
    batch = Batch(ports.store)
    message_key = keys.message(entry.location, entry.id)
    connection_key, mailbox_key = keys.connection(entry.location, entry.user), keys.mailbox(entry.mailbox)
    batch.load([keys.outbox(entry.id), message_key, connection_key, mailbox_key])
    if batch.value(keys.outbox(entry.id)) != entry:
        raise Conflict("the entry was written meanwhile")
    now = ports.patience.now()
    mailbox = batch.value(mailbox_key)
    if problem := _problem(entry, batch.value(connection_key), mailbox):
        return fail(entry, problem, ports)
    if too_old(entry, now):
        return fail(entry, failures.EXPIRED, ports)
    assert mailbox is not None  # noqa: S101 - a mailbox that is not there is a problem
    if mailbox.sends_paused_until and mailbox.sends_paused_until > now:
        return postpone(entry, mailbox.sends_paused_until, ports, pause=True)
    if told := claim_told(batch, entry, now=now):
        ports.topics.announce(told)
    mine = claimed(entry, now, cursor=mailbox.cursor, gone=mailbox.tally.unread)
    batch.put(keys.outbox(entry.id), mine)
    message = batch.value(message_key)
    if message and not message.purged:
        batch.put(message_key, shown(message, mine.state))
    version = ports.store.commit(batch.writes())
    return replace(call_gmail(Stored(stored.key, mine, version), mailbox, ports), attempt=mine.attempt)


def _problem(entry: OutboxEntry, connection: Connection | None, mailbox: Mailbox | None) -> Failure | None:
    """Why nothing may go out through this connection any more; one that was made anew does not send old mail (R39)."""
    connected = connection is not None and connection.state is ConnectionState.CONNECTED
    if connection is None or not connected or connection.mailbox != entry.mailbox:
        return failures.DISCONNECTED
    if connection.connected_at > (entry.queued_at or entry.accepted_at):
        return failures.DISCONNECTED
    if mailbox is None or mailbox.grant is None or entry.location not in mailbox.links:
        return failures.DISCONNECTED
    return failures.grant_lost(GrantLost(mailbox.trouble.remedy, mailbox.trouble.reason)) if mailbox.trouble else None
