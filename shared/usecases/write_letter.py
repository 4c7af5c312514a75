"""Makes an outbox entry and its message out of a draft: who sends, to whom, whose conversation, which thread."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from shared.domain import bodies, keys
from shared.domain.about import About, Directory, about
from shared.domain.addresses import Address, Person, address_key, normalise
from shared.domain.composition import LARGEST_MAIL, compose
from shared.domain.draft import LONGEST_SUBJECT, Draft, Recipients, line
from shared.domain.header_encoding import unsafe
from shared.domain.html_text import text_of
from shared.domain.identifiers import AttachmentId, ContactId, LocationId, MailboxId, MessageId, UserId, digest
from shared.domain.keys import Key
from shared.domain.letters import letter_of
from shared.domain.location import Location
from shared.domain.mailbox import Mailbox
from shared.domain.message import Attachment, Body, Direction, Message, Origin, Status, milliseconds
from shared.domain.outbox import OutboxEntry
from shared.domain.replies import ReplyThread, reply_thread
from shared.domain.sanitise import sanitise
from shared.errors import Rejected
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch
from shared.usecases.claim_thread import claim
from shared.usecases.conversation_home import home
from shared.usecases.receive_mail import Received
from shared.usecases.reserve_send import reserve
from shared.usecases.usable_mailbox import usable_mailbox

UNHEARD: Final = timedelta(seconds=60)
"""An accepted entry that nobody has taken up by then is published again."""
_CID: Final = re.compile(r"[A-Za-z0-9._@+-]{1,200}")


@dataclass(frozen=True, slots=True)
class Writing:
    """What is known of a send before anything is read; `given` goes out as it is, `shown` is cleaned for the CRM."""

    location: LocationId
    user: UserId
    entry: MessageId
    draft: Draft
    recipients: Recipients
    attachments: tuple[Attachment, ...]
    given: Body
    shown: Body
    request_digest: str
    folder: str

    def first_reads(self) -> Iterator[Key[Any]]:
        """The documents that the decision begins with, for one round trip."""
        yield keys.outbox(self.entry)
        yield keys.message(self.location, self.entry)
        yield keys.location(self.location)
        yield keys.connection(self.location, self.user)
        if self.draft.contact:
            yield keys.contact(self.location, ContactId(self.draft.contact))
        if self.draft.reply_to:
            yield keys.message(self.location, MessageId(self.draft.reply_to))
        for person in self.recipients.everybody:
            yield keys.address(self.location, person.address)


def attachments(entry: MessageId, received: Received, html: str | None) -> tuple[Attachment, ...]:
    """The files; one whose name the HTML shows as `cid:` is inline even without a Content-ID of its own."""
    return tuple(
        Attachment(
            id=AttachmentId(digest("attachment", entry, str(at))[:20]),
            filename=file.filename,
            content_type=file.content_type,
            size=file.size,
            content_id=file.content_id or _shown_as(file.filename, html),
            blob=file.blob,
        )
        for at, file in enumerate(received.files)
    )


def _shown_as(filename: str, html: str | None) -> str | None:
    return filename if html and _CID.fullmatch(filename) and f"cid:{filename}" in html else None


def written_bodies(draft: Draft, received: Received) -> tuple[Body, Body, Body]:
    """What is sent, whole; and as what is sent and what is shown are kept: as blobs if too large for a document."""
    text = draft.text if draft.text is not None else text_of(draft.html or "")
    given = Body(text, draft.html)
    shown = Body(text, sanitise(draft.html) if draft.html is not None else None)
    return given, _placed(given, "given.json", received), _placed(shown, "shown.json", received)


def _placed(body: Body, name: str, received: Received) -> Body:
    if bodies.fits(body):
        return body
    blob, _ = received.keep(name, [bodies.packed(body)])
    return Body(blob=blob)


def write_letter(batch: Batch, writing: Writing, whole: Body, *, now: datetime) -> OutboxEntry:
    """Stages entry, message, conversation and limit, all decided on what the batch reads. `whole` is the body to send.

    Raises `Rejected` for everything that the contract refuses, `GrantLost` for a mailbox that Google refuses.
    """
    location = found(batch.value(keys.location(writing.location)))
    mailbox = usable_mailbox(batch, writing.location, writing.user)
    answered = _answered(batch, writing, mailbox.id)
    whose = _about(batch, writing, location, answered)
    if whose.conversation is None:
        raise Rejected("no_contact", "None of the recipients is a contact.")
    subject = line("subject", writing.draft.subject, longest=LONGEST_SUBJECT)
    thread = reply_thread(answered, subject, mailbox.id) if answered else ReplyThread(subject)
    claims = claim(batch, mailbox, thread.thread_id, writing.location)
    entry = replace(_entry(writing, mailbox, whose, thread, now), claims=claims)
    _check_size(entry, whole)
    reserve(batch, mailbox, location.policy, now)
    batch.put(keys.outbox(entry.id), entry)
    batch.put(keys.message(writing.location, entry.id), _message(writing, entry, whose, location.policy_version))
    batch.count(
        keys.conversation(writing.location, entry.conversation),
        fields={"id": entry.conversation, "subject": entry.subject},
        latest={"last_message_ms": milliseconds(now), "changed_ms": milliseconds(now)},
        message_count=1,
    )
    return entry


def _answered(batch: Batch, writing: Writing, mailbox: MailboxId) -> Message | None:
    """The mail that is answered, in this location, by its id or another name of it (R14).

    Loads its contact and its thread as well, which are asked for next.
    """
    if not writing.draft.reply_to:
        return None
    message = found(batch.value(keys.message(writing.location, MessageId(writing.draft.reply_to))))
    if message.alias_of:
        message = found(batch.value(keys.message(writing.location, message.alias_of)))
    if message.purged or message.alias_of:
        raise nothing_here()
    source = message.sources.get(mailbox)
    next_reads: list[Key[Any]] = [keys.thread(mailbox, source.thread_id)] if source else []
    batch.load([keys.contact(writing.location, message.conversation), *next_reads])
    return message


def _about(batch: Batch, writing: Writing, location: Location, answered: Message | None) -> About:
    chosen = home(batch, writing.location, answered.conversation) if answered else None
    if writing.draft.contact:
        contact = found(batch.value(keys.contact(writing.location, ContactId(writing.draft.contact))))
        if contact.deleted_at:
            raise nothing_here()
        chosen = contact.id
    entries = {
        address_key(person.address): entry
        for person in writing.recipients.everybody
        if (entry := batch.value(keys.address(writing.location, person.address)))
    }

    def inside(address: Address) -> bool:
        entry = entries.get(address_key(address))
        return bool(entry and entry.internal) or address.rpartition("@")[2] in location.policy.internal_domains

    return about(writing.recipients, Directory(entries, inside), chosen)


def _sender(mailbox: Mailbox, wanted: str | None) -> Person:
    """The connected address, or one of its verified aliases, with the name that Gmail has for it (R50)."""
    address = normalise(wanted) if wanted else mailbox.address
    if address is None or address not in mailbox.own_addresses():
        raise Rejected("invalid_request", "from is not a verified address of the connected Gmail account.")
    named = {alias.address: alias.name for alias in mailbox.aliases}
    name = named.get(address) or mailbox.name
    return Person("" if unsafe(name) else name, address)


def _entry(writing: Writing, mailbox: Mailbox, whose: About, thread: ReplyThread, now: datetime) -> OutboxEntry:
    assert whose.conversation is not None  # noqa: S101 - the caller's condition, for the type checker
    return OutboxEntry(
        id=writing.entry,
        location=writing.location,
        user=writing.user,
        mailbox=mailbox.id,
        request_digest=writing.request_digest,
        accepted_at=now,
        conversation=whose.conversation,
        sender=_sender(mailbox, writing.draft.sender),
        to=writing.recipients.to,
        cc=writing.recipients.cc,
        bcc=writing.recipients.bcc,
        people=whose.people,
        subject=thread.subject,
        body=writing.given,
        attachments=writing.attachments,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        thread_id=thread.thread_id,
        queued_at=now,
        reserved_at=now,
        settle_at=now + UNHEARD,
        folder=writing.folder,
        warnings=whose.warnings,
    )


def _check_size(entry: OutboxEntry, whole: Body) -> None:
    """Raises `Rejected` (`too_large`) for more than Gmail takes, encoded and all (R53)."""
    unsigned = f"{entry.id}.{'0' * 32}"
    size = compose(letter_of(entry, whole, marker=unsigned, read=lambda _, __: iter(()))).size
    if size > LARGEST_MAIL:
        raise Rejected(
            "too_large",
            f"The encoded mail has {size} bytes; the limit is {LARGEST_MAIL}.",
            details={"size": size, "limit": LARGEST_MAIL},
        )


def _message(writing: Writing, entry: OutboxEntry, whose: About, policy_version: int) -> Message:
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
        body=writing.shown,
        attachments=entry.attachments,
        in_reply_to=entry.in_reply_to,
        references=entry.references,
        referenced_by=whose.referenced_by,
        ambiguous=whose.ambiguous,
        rule="R10",
        policy_version=policy_version,
    )
