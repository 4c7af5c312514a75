"""Sends a failed mail again, or settles a doubtful one as its user says (R55, R56)."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import LocationId, MessageId, ThreadId, UserId
from shared.domain.mailbox import Mailbox
from shared.domain.message import milliseconds
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.outbox_steps import ended, shown
from shared.errors import Rejected, Transient
from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch
from shared.usecases.claim_thread import claim
from shared.usecases.contended import Patience
from shared.usecases.conversation_home import home
from shared.usecases.reserve_send import reserve
from shared.usecases.retry_run import retry_run
from shared.usecases.usable_mailbox import usable_mailbox
from shared.usecases.write_letter import UNHEARD


@dataclass(frozen=True, slots=True)
class Retrying:
    """Which mail, by whom; `was_sent` is what the user found in Gmail, None where nothing was in doubt."""

    location: LocationId
    user: UserId
    message: MessageId
    was_sent: bool | None


def retry_send(asked: Retrying, *, store: Store, topics: Topics, patience: Patience) -> None:
    """The mail is queued again, or marked as sent.

    Raises `Rejected`: `not_found`, `forbidden` for somebody else's mail, `not_retryable`, and all that sending raises.
    """
    run = patience.until_committed(lambda: _attempt(asked, store, patience))
    with suppress(Transient):
        topics.deliver({run.id: run.trace})


def _attempt(asked: Retrying, store: Store, patience: Patience) -> OutboxEntry:
    """The outbox entry, before or after its change."""
    now, batch = patience.now(), Batch(store)
    entry_key, message_key = keys.outbox(asked.message), keys.message(asked.location, asked.message)
    batch.load([entry_key, message_key, keys.location(asked.location), keys.connection(asked.location, asked.user)])
    entry, message = batch.value(entry_key), found(batch.value(message_key))
    if message.run:
        entry = batch.value(keys.outbox(message.run))
    if entry is None and not (message.purged or message.alias_of):
        raise Rejected("not_retryable", "Only a mail that was sent from here can be sent again.")
    entry = found(entry)
    if entry.location != asked.location:
        raise nothing_here()
    if entry.user != asked.user:
        raise Rejected("forbidden", "Only the user who sent the mail may send it again.")
    if entry.provided:
        reading = store.read(keys.outbox(entry.id))
        if stored := reading.stored(keys.outbox(entry.id)):
            retry_run(stored, message.id, was_sent=asked.was_sent, store=store, patience=patience)
        return entry
    made = _sent(entry, now) if _was_sent(entry, asked) else _queued(batch, entry, now)
    batch.put(entry_key, made)
    batch.put(message_key, shown(message, made.state))
    whose = home(batch, entry.location, entry.conversation)
    batch.count(keys.conversation(entry.location, whose), latest={"changed_ms": milliseconds(now)})
    store.commit(batch.writes())
    return entry


def _was_sent(entry: OutboxEntry, asked: Retrying) -> bool:
    expected = asked.was_sent is None if entry.state is EntryState.FAILED else asked.was_sent is not None
    if entry.state not in {EntryState.FAILED, EntryState.UNKNOWN} or not expected:
        raise Rejected("not_retryable", "Only a failed mail, or one of unknown fate, can be settled like that.")
    return bool(asked.was_sent)


def _sent(entry: OutboxEntry, now: datetime) -> OutboxEntry:
    """On the user's word; delivering it once more only tells the CRM."""
    return replace(ended(entry, EntryState.SENT), settle_at=now + UNHEARD)


def _queued(batch: Batch, entry: OutboxEntry, now: datetime) -> OutboxEntry:
    """Queued through the user's present mailbox, with a place of its own in the limit."""
    location = found(batch.value(keys.location(entry.location)))
    mailbox = usable_mailbox(batch, entry.location, entry.user)
    reserve(batch, mailbox, location.policy, now)
    moved = entry if mailbox.id == entry.mailbox else _moved(entry, mailbox)
    return replace(
        moved,
        claims=claim(batch, mailbox, moved.thread_id, entry.location) or _kept_claim(moved),
        state=EntryState.QUEUED,
        first_attempt=entry.attempt,
        not_before=None,
        queued_at=now,
        reserved_at=now,
        settle_at=now + UNHEARD,
    )


def _kept_claim(entry: OutboxEntry) -> ThreadId | None:
    """What the send claimed stands while nobody knows its fate; it ended if the send failed (R42)."""
    return entry.claims if entry.state is EntryState.UNKNOWN else None


def _moved(entry: OutboxEntry, mailbox: Mailbox) -> OutboxEntry:
    """Through another mailbox than before: as a new Gmail thread, from its own address (R38)."""
    sender = entry.sender
    if sender and sender.address not in mailbox.own_addresses():
        sender = replace(sender, name=mailbox.name or sender.name, address=mailbox.address)
    return replace(entry, mailbox=mailbox.id, thread_id=None, claims=None, sender=sender)
