"""Names of things, each its own type, and how those that we derive are made."""

import hashlib
import re
from typing import Final, NewType

ID_PATTERN: Final = r"(?!__.*__\Z)[A-Za-z0-9_-]{1,128}\Z"
"""Of every id from outside. Firestore keeps names that begin and end with two underscores to itself."""
ID: Final = re.compile(ID_PATTERN)

LocationId = NewType("LocationId", str)
UserId = NewType("UserId", str)
ContactId = NewType("ContactId", str)
MailboxId = NewType("MailboxId", str)
MessageId = NewType("MessageId", str)
"""Ours; a mail's `Message-ID` header is plain text."""
GmailId = NewType("GmailId", str)
ThreadId = NewType("ThreadId", str)
"""Gmail's, valid in one mailbox."""
AttachmentId = NewType("AttachmentId", str)
TraceId = NewType("TraceId", str)
"""Of a request and all that follows from it: 32 hex digits."""
NO_TRACE: Final = TraceId("")


def digest(*parts: str) -> str:
    """A document id for what the parts identify: 40 hex digits of SHA-256, unambiguous in how they are joined."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def mailbox_id(subject: str) -> MailboxId:
    """The mailbox of a Google account, by the `sub` of its identity, which outlives every renaming."""
    return MailboxId(digest("mailbox", subject))


def received_message_id(message_id_header: str | None, gmail_id: GmailId, mailbox: MailboxId) -> MessageId:
    """A received mail is the same in every mailbox that has its Message-ID (R20); without one it is Gmail's own."""
    if message_id_header:
        return MessageId(digest("message", message_id_header))
    return MessageId(digest("message-of", mailbox, gmail_id))


def created_contact_id(address: str, other: int = 0) -> ContactId:
    """The contact that a mail makes of an address (R61); `other` counts on where that id is somebody else's already."""
    return ContactId(digest("contact", address, *([str(other)] if other else [])))
