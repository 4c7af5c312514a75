"""Marks a mail of the CRM's as sent, from the copy that Gmail keeps: met by the sync, or named by the send itself."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.domain import keys
from shared.domain.identifiers import (
    ContactId,
    GmailId,
    LocationId,
    MailboxId,
    MessageId,
    ThreadId,
    received_message_id,
)
from shared.domain.keys import Key
from shared.domain.mail import STARRED, UNREAD, Mail
from shared.domain.marker import Signer, entry_of
from shared.domain.message import KnownMail, Message, Source, Status, Thread, milliseconds
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.placement import PEOPLE_KEPT
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home


@dataclass(frozen=True, slots=True)
class SentCopy:
    """What Gmail made of a send. `message_id` is the header that replaced ours; None if it was not read yet."""

    mailbox: MailboxId
    gmail_id: GmailId
    thread_id: ThreadId
    message_id: str | None = None
    labels: frozenset[str] = frozenset()
    history_id: int = 0


@dataclass(frozen=True, slots=True)
class Adoption:
    """Whose mail it turned out to be; `events` are to be announced once the batch is written."""

    location: LocationId
    message: MessageId
    conversation: ContactId
    events: tuple[Event, ...]


def adoption(batch: Batch, mail: Mail, mailbox: MailboxId, signer: Signer, *, now: datetime) -> Adoption | None:
    """Takes in a SENT mail with our marker as the send that it is; None if it is none of ours (R10, R20, F58).

    Stages the entry and its message as sent, the alias under Gmail's Message-ID, the known mail and the thread's pin.
    Meant for every state of the entry: what was shown as unknown or failed was sent after all. The sender is not
    compared: Gmail puts the account's own address in place of an alias that it no longer knows.
    """
    name = entry_of(mail.headers, signer) if mail.outbound else None
    entry = batch.value(keys.outbox(name)) if name else None
    if entry is None or entry.mailbox != mailbox:
        return None
    copy = SentCopy(mailbox, mail.gmail_id, mail.thread_id, mail.message_id or "", mail.labels, mail.history_id)
    event = record_sent(batch, entry, copy, now=now)
    return Adoption(entry.location, entry.id, entry.conversation, (event,))


def record_sent(batch: Batch, entry: OutboxEntry, copy: SentCopy, *, now: datetime) -> Event:
    """Stages everything that follows from the copy; what is recorded already stays as it is."""
    settle_at = now if copy.message_id is None else None
    gmail_id = entry.gmail_id or copy.gmail_id
    done = replace(entry, state=EntryState.SENT, session="", not_before=None, settle_at=settle_at, gmail_id=gmail_id)
    batch.put(keys.outbox(entry.id), done)
    _message(batch, entry, copy)
    changed = {"changed_ms": milliseconds(now)}
    whose = home(batch, entry.location, entry.conversation)
    batch.count(keys.conversation(entry.location, whose), latest=changed)
    _alias(batch, entry, copy)
    _known(batch, entry, copy)
    _thread(batch, entry, copy)
    return ended_event(done, now=now)


def needed_for(entry: OutboxEntry, copy: SentCopy) -> list[Key[Any]]:
    """The documents that `record_sent` changes, so that one read brings them all."""
    wanted: list[Key[Any]] = [keys.outbox(entry.id), keys.message(entry.location, entry.id)]
    wanted += [keys.contact(entry.location, entry.conversation)]
    wanted += [keys.known_mail(copy.mailbox, copy.gmail_id), keys.thread(copy.mailbox, copy.thread_id)]
    return [*wanted, _alias_key(entry, copy)] if copy.message_id else wanted


def _alias_key(entry: OutboxEntry, copy: SentCopy) -> Key[Message]:
    return keys.message(entry.location, received_message_id(copy.message_id, copy.gmail_id, copy.mailbox))


def ended_event(entry: OutboxEntry, *, now: datetime) -> Event:
    """What became of a send: the same event however often it is told (R75)."""
    name = f"message.{entry.state}"
    details: dict[str, object] = {
        "message": entry.id,
        "conversation": entry.conversation,
        "status": str(entry.state),
    }
    life = entry.id if entry.state is EntryState.SENT else f"{entry.id}:{entry.attempt}"
    return Event(f"{name}:{life}", name, entry.location, now, details)


def _message(batch: Batch, entry: OutboxEntry, copy: SentCopy) -> None:
    key = keys.message(entry.location, entry.id)
    message = batch.value(key)
    if message is None or message.purged:
        return
    source = Source(
        copy.gmail_id,
        copy.thread_id,
        read=UNREAD not in copy.labels,
        starred=STARRED in copy.labels,
        as_of=copy.history_id,
    )
    batch.put(
        key,
        replace(
            message,
            status=Status.SENT,
            failure=None,
            message_id=message.message_id or copy.message_id or None,
            sources={copy.mailbox: source} | message.sources,
        ),
    )


def _alias(batch: Batch, entry: OutboxEntry, copy: SentCopy) -> None:
    if not copy.message_id:
        return
    key = _alias_key(entry, copy)
    if batch.value(key) is None:
        batch.put(key, Message(id=MessageId(key.path.rpartition("/")[2]), alias_of=entry.id))


def _known(batch: Batch, entry: OutboxEntry, copy: SentCopy) -> None:
    key = keys.known_mail(copy.mailbox, copy.gmail_id)
    known = batch.value(key) or KnownMail(copy.mailbox, copy.gmail_id, copy.thread_id)
    batch.put(key, replace(known, messages={**known.messages, entry.location: entry.id}))


def _thread(batch: Batch, entry: OutboxEntry, copy: SentCopy) -> None:
    """Pins the thread if it has no pin here, so that what follows in it syncs both ways (R11, R30).

    A thread that no other location has seen belongs to this one alone from now on: it began here (R40). One that others
    have seen was claimed when the reply was accepted (R42).
    """
    key = keys.thread(copy.mailbox, copy.thread_id)
    thread = batch.value(key) or Thread(copy.thread_id)
    people = dict.fromkeys([*thread.people.get(entry.location, ()), *entry.people])
    alone = thread.pins.keys() <= {entry.location}
    batch.put(
        key,
        replace(
            thread,
            claimed_by=thread.claimed_by or (entry.location if alone else None),
            pins={entry.location: entry.conversation} | thread.pins,
            people={**thread.people, entry.location: tuple(people)[:PEOPLE_KEPT]},
        ),
    )
