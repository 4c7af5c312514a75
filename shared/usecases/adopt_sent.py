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
from shared.domain.mailbox import Mailbox
from shared.domain.marker import Signer, entry_of
from shared.domain.message import KnownMail, Message, Origin, Source, Status, Thread, milliseconds
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.placement import PEOPLE_KEPT
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.claim_thread import claim_by_send, claim_told
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


def adoption(batch: Batch, mail: Mail, mailbox: Mailbox, signer: Signer, *, now: datetime) -> Adoption | None:
    """Takes in a SENT mail with our marker as the send that it is; None if it is none of ours (R10, R20, F58).

    Stages the entry and its message as sent, the alias under Gmail's Message-ID, the known mail and the thread's pin.
    Meant for every state of the entry: what was shown as unknown or failed was sent after all. The sender is not
    compared: Gmail puts the account's own address in place of an alias that it no longer knows.
    """
    name = entry_of(mail.headers, signer) if mail.outbound else None
    entry = batch.value(keys.outbox(name)) if name else None
    if entry is None or entry.mailbox != mailbox.id:
        return None
    copy = SentCopy(mailbox.id, mail.gmail_id, mail.thread_id, mail.message_id or "", mail.labels, mail.history_id)
    events = record_sent(batch, entry, copy, mailbox, now=now)
    return Adoption(entry.location, entry.id, entry.conversation, events)


def record_sent(
    batch: Batch, entry: OutboxEntry, copy: SentCopy, mailbox: Mailbox | None, *, now: datetime
) -> tuple[Event, ...]:
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
    first = _known(batch, entry, copy)
    _thread(batch, entry, copy)
    claims = claim_by_send(batch, entry, copy.thread_id, mailbox, now=now) if first and mailbox else ()
    return ended_event(done, now=now), *claims


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
    return Event(f"{name}:{life}", name, entry.location, now, details, entry.trace)


def sent_again(batch: Batch, location: LocationId, name: MessageId, *, now: datetime) -> list[Event]:
    """The events of a send that is recorded, for whoever cannot know whether they went out before (R75)."""
    message = batch.value(keys.message(location, name))
    entry = batch.value(keys.outbox(name)) if message and message.origin is Origin.CRM else None
    if entry is None or entry.state is not EntryState.SENT:
        return []
    return [ended_event(entry, now=now), *claim_told(batch, entry, now=now)]


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
            failure=message.failure if message.bounces else None,
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


def _known(batch: Batch, entry: OutboxEntry, copy: SentCopy) -> bool:
    """Whether the copy was not known before."""
    key = keys.known_mail(copy.mailbox, copy.gmail_id)
    known = batch.value(key) or KnownMail(copy.mailbox, copy.gmail_id, copy.thread_id)
    batch.put(key, replace(known, messages={**known.messages, entry.location: entry.id}))
    return entry.location not in known.messages


def _thread(batch: Batch, entry: OutboxEntry, copy: SentCopy) -> None:
    """Pins the thread if it has no pin here, so that what follows in it syncs both ways (R11, R30).

    Only a mail of the pinned conversation makes its people known in it (R25).
    """
    key = keys.thread(copy.mailbox, copy.thread_id)
    thread = batch.value(key) or Thread(copy.thread_id)
    pin = thread.pins.get(entry.location, entry.conversation)
    pinned_here = home(batch, entry.location, pin) == home(batch, entry.location, entry.conversation)
    joining = entry.people if pinned_here else ()
    people = dict.fromkeys([*thread.people.get(entry.location, ()), *joining])
    batch.put(
        key,
        replace(
            thread,
            sends={**thread.sends, entry.location: entry.id},
            pins={entry.location: entry.conversation} | thread.pins,
            since=thread.since
            if entry.location in thread.pins
            else {**thread.since, entry.location: entry.accepted_at},
            people={**thread.people, entry.location: tuple(people)[:PEOPLE_KEPT]},
        ),
    )
