"""Makes an outbox entry and its message out of a draft: who sends, to whom, whose conversation, which thread."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain import keys
from shared.domain.about import About
from shared.domain.composition import message_id
from shared.domain.draft import LONGEST_SUBJECT, line
from shared.domain.identifiers import MessageId, digest
from shared.domain.location import Location
from shared.domain.message import Direction, Message, Origin, Status, milliseconds
from shared.domain.outbox import NO_MAILBOX, OutboxEntry
from shared.domain.replies import ReplyThread, reply_thread
from shared.usecases.batch import Batch
from shared.usecases.choose_sender import SentBy
from shared.usecases.claim_thread import claim
from shared.usecases.reserve_send import reserve
from shared.usecases.whose_mail import answered_mail, no_contact, whose_mail
from shared.usecases.writing import Content, Writing, check_size

UNHEARD: Final = timedelta(seconds=60)
"""An accepted entry that nobody has taken up by then is published again."""


def write_letter(
    batch: Batch, writing: Writing, content: Content, location: Location, sent_by: SentBy, *, now: datetime
) -> OutboxEntry:
    """Stages entry, message, conversation and, on the way through Gmail, limit and claim; all of what the batch reads.

    Raises `Rejected` for everything that the contract refuses.
    """
    mailbox = sent_by.mailbox
    answered = answered_mail(batch, writing, mailbox.id if mailbox else None)
    whose = whose_mail(batch, writing, location, answered)
    if whose.conversation is None:
        raise no_contact()
    subject = line("subject", writing.draft.subject, longest=LONGEST_SUBJECT)
    through = mailbox.id if mailbox else NO_MAILBOX
    thread = reply_thread(answered, subject, through) if answered else ReplyThread(subject)
    entry = entry_of(writing, content, sent_by, thread, now=now)
    entry = replace(
        entry,
        conversation=whose.conversation,
        to=writing.recipients.to,
        cc=writing.recipients.cc,
        bcc=writing.recipients.bcc,
        people=whose.people,
        warnings=(*sent_by.warnings, *whose.warnings),
    )
    if mailbox:
        entry = replace(entry, claims=claim(batch, mailbox, thread.thread_id, writing.location), reserved_at=now)
    check_size(entry, content.whole)
    if mailbox:
        reserve(batch, mailbox, location.policy, now)
    stage(batch, entry, message_of(entry, content, whose, location.policy_version))
    return entry


def entry_of(writing: Writing, content: Content, sent_by: SentBy, thread: ReplyThread, *, now: datetime) -> OutboxEntry:
    """The entry without its recipients."""
    return OutboxEntry(
        id=writing.entry,
        location=writing.location,
        user=writing.user,
        request_digest=writing.request_digest,
        accepted_at=now,
        mailbox=sent_by.mailbox.id if sent_by.mailbox else NO_MAILBOX,
        kind=writing.draft.kind,
        provided=sent_by.mailbox is None,
        sender=sent_by.sender,
        reply_to=sent_by.reply_to,
        as_provider=sent_by.sender.address if sent_by.as_provider else None,
        subject=thread.subject,
        body=content.given,
        attachments=content.attachments,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        thread_id=thread.thread_id,
        queued_at=now,
        settle_at=now + UNHEARD,
        folder=content.folder,
        trace=writing.trace,
    )


def message_of(entry: OutboxEntry, content: Content, whose: About, policy_version: int) -> Message:
    """What the CRM shows of it; a provider keeps our Message-ID, so that it is known at once."""
    message = Message(id=entry.id, direction=Direction.OUTBOUND, origin=Origin.CRM, status=Status.QUEUED)
    return replace(
        message,
        conversation=entry.conversation,
        at=entry.accepted_at,
        sender=entry.sender,
        to=entry.to,
        cc=entry.cc,
        bcc=entry.bcc,
        subject=entry.subject,
        body=content.shown,
        attachments=entry.attachments,
        message_id=message_id(entry.id, entry.sender) if entry.provided and entry.sender else None,
        in_reply_to=entry.in_reply_to,
        references=entry.references,
        referenced_by=whose.referenced_by,
        ambiguous=whose.ambiguous,
        rule="R10" if not entry.provided else "R50" if entry.kind == "individual" else "R51",
        policy_version=policy_version,
    )


def stage(batch: Batch, entry: OutboxEntry, message: Message) -> None:
    """The entry and its message, in its conversation and under the name by which answers call it."""
    batch.put(keys.outbox(entry.id), entry)
    batch.put(keys.message(entry.location, entry.id), message)
    if message.message_id:
        stage_alias(batch, entry, message)
    at = milliseconds(entry.accepted_at)
    batch.count(
        keys.conversation(entry.location, entry.conversation),
        fields={"id": entry.conversation, "subject": entry.subject},
        latest={"last_message_ms": at, "changed_ms": at},
        message_count=1,
    )


def alias_name(message_id_header: str) -> MessageId:
    """What a message is called by who knows only its Message-ID."""
    return MessageId(digest("message", message_id_header))


def stage_alias(batch: Batch, entry: OutboxEntry, message: Message) -> None:
    """The name under which an answer's In-Reply-To finds the message."""
    name = alias_name(message.message_id or "")
    batch.put(keys.message(entry.location, name), Message(id=name, alias_of=message.id))
