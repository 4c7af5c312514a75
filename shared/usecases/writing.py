"""What is known of a send before anything is decided: its recipients, its content, and what must be read for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from shared.domain import bodies, keys
from shared.domain.addresses import normalise
from shared.domain.composition import LARGEST_MAIL, compose
from shared.domain.draft import Draft, Recipients
from shared.domain.html_text import text_of
from shared.domain.identifiers import NO_TRACE, AttachmentId, ContactId, LocationId, MessageId, TraceId, UserId, digest
from shared.domain.keys import Key
from shared.domain.letters import letter_of
from shared.domain.message import Attachment, Body
from shared.domain.outbox import OutboxEntry
from shared.domain.sanitise import sanitise
from shared.domain.signature import signed
from shared.errors import Rejected
from shared.usecases.receive_mail import Received

_CID: Final = re.compile(r"[A-Za-z0-9._@+-]{1,200}")


@dataclass(frozen=True, slots=True)
class Content:
    """What a send says: `whole` is what goes out, `given` the same as it is kept, `shown` is cleaned for the CRM."""

    whole: Body
    given: Body
    shown: Body
    attachments: tuple[Attachment, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class Writing:
    """A send as it was asked for; `service` where the CRM's backend asks, and no user."""

    location: LocationId
    user: UserId
    entry: MessageId
    draft: Draft
    recipients: Recipients
    request_digest: str
    service: bool = False
    trace: TraceId = NO_TRACE

    def first_reads(self) -> Iterator[Key[Any]]:
        """The documents that the decision begins with, for one round trip."""
        yield keys.outbox(self.entry)
        yield keys.message(self.location, self.entry)
        yield keys.location(self.location)
        yield keys.connection(self.location, self.user)
        yield keys.user(self.location, self.user)
        if self.draft.contact:
            yield keys.contact(self.location, ContactId(self.draft.contact))
        if self.draft.reply_to:
            yield keys.message(self.location, MessageId(self.draft.reply_to))
        if self.draft.sender and (sender := normalise(self.draft.sender)):
            yield keys.address(self.location, sender)
        for person in self.recipients.everybody:
            yield keys.address(self.location, person.address)


def content(entry: MessageId, draft: Draft, received: Received, *, signature: str) -> Content:
    """The content, with the signature under it; what is too large for a document is kept as a blob."""
    text = draft.text if draft.text is not None else text_of(draft.html or "")
    whole = signed(Body(text, draft.html), signature)
    shown = Body(whole.text, sanitise(whole.html) if whole.html is not None else None)
    return Content(
        whole=whole,
        given=_placed(whole, "given.json", received),
        shown=_placed(shown, "shown.json", received),
        attachments=_attachments(entry, received, draft.html),
        folder=received.folder,
    )


def _placed(body: Body, name: str, received: Received) -> Body:
    if bodies.fits(body):
        return body
    blob, _ = received.keep(name, [bodies.packed(body)])
    return Body(blob=blob)


def _attachments(entry: MessageId, received: Received, html: str | None) -> tuple[Attachment, ...]:
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


def check_size(entry: OutboxEntry, whole: Body) -> None:
    """Raises `Rejected` (`too_large`) for more than Gmail takes, encoded and all (R53)."""
    unsigned = f"{entry.id}.{'0' * 32}"
    size = compose(letter_of(entry, whole, marker=unsigned, read=lambda _, __: iter(()))).size
    if size > LARGEST_MAIL:
        raise Rejected(
            "too_large",
            f"The encoded mail has {size} bytes; the limit is {LARGEST_MAIL}.",
            details={"size": size, "limit": LARGEST_MAIL},
        )
