"""A mail as a location keeps it, and the conversation that it is in."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from shared.domain.addresses import Address, Person
from shared.domain.decisions import Drop
from shared.domain.identifiers import (
    AttachmentId,
    ContactId,
    GmailId,
    LocationId,
    MailboxId,
    MessageId,
    ThreadId,
    UserId,
)

NOBODY = ContactId("")
NO_THREAD = ThreadId("")
"""Of a mail that was never read."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Direction(StrEnum):
    """Seen from the location."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Origin(StrEnum):
    """How the mail came to be known."""

    GMAIL = "gmail"
    CRM = "crm"
    AUTO_BCC = "auto_bcc"


class Status(StrEnum):
    """Where a mail is on its way; everything but a CRM send is `received` or `sent` at once."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Authenticated(StrEnum):
    """Gmail's verdict on who sent it (R35)."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a send did not go out, and what its user can do (R56)."""

    code: str
    message: str
    action: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """A recipient whom the mail did not reach (R57): the status code of RFC 3463, and what it means."""

    address: Address
    status: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail; `blob` names its bytes once `state` is `ready`."""

    id: AttachmentId
    filename: str
    content_type: str
    size: int
    content_id: str | None = None
    state: str = "ready"
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The mail in one mailbox, with its flags there; `as_of` is the history id of their last change (R17).

    `read_after` and `starred_after`: history up to there is older than what the CRM last made of the message's flag.
    """

    gmail_id: GmailId
    thread_id: ThreadId
    read: bool = True
    starred: bool = False
    as_of: int = 0
    read_after: int = 0
    starred_after: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """Text and sanitised HTML, inline or as the blob that holds them when they are large."""

    text: str = ""
    html: str | None = None
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A stored mail; or, where `alias_of` is set, only the name by which a CRM send is met again; or a tombstone."""

    id: MessageId
    conversation: ContactId = NOBODY
    direction: Direction = Direction.INBOUND
    origin: Origin = Origin.GMAIL
    status: Status = Status.RECEIVED
    at: datetime | None = None
    sender: Person | None = None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    subject: str = ""
    date: str = ""
    body: Body = field(default_factory=Body)
    attachments: tuple[Attachment, ...] = ()
    read: bool = True
    starred: bool = False
    automatic: bool = False
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    authenticated: Authenticated | None = None
    referenced_by: tuple[ContactId, ...] = ()
    ambiguous: tuple[ContactId, ...] = ()
    sources: dict[MailboxId, Source] = field(default_factory=dict)
    failure: Failure | None = None
    bounces: tuple[Bounce, ...] = ()
    rule: str = ""
    policy_version: int = 0
    partial: bool = False
    alias_of: MessageId | None = None
    purged: bool = False
    filed_by: tuple[UserId, ...] = ()
    """Users whose auto-BCC addresses it came to: another way by which it is known (R20, R64)."""
    run: MessageId | None = None
    """The bulk mail that it is one recipient's part of, where that has another name than this."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All mail with one contact, whose id it has.

    `last_message_ms` and `changed_ms` (when anything in it last changed) are in milliseconds since 1970: a number can
    be raised without a read.
    """

    id: ContactId = NOBODY
    subject: str = ""
    last_message_ms: int = 0
    changed_ms: int = 0
    message_count: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class KnownMail:
    """Which message a Gmail id became in each location: no second get, flags, and the thread for a reply.

    One that was `dropped` is known for that alone: it is never taken in again.
    """

    mailbox: MailboxId
    gmail_id: GmailId
    thread_id: ThreadId = NO_THREAD
    messages: dict[LocationId, MessageId] = field(default_factory=dict)
    dropped: Drop | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A Gmail thread of one mailbox: which conversation it is pinned to in each location, and who is known there.

    A claim holds for one life of the claiming location's connection, `claim_epoch`; until it is `firm`, it ends with
    the send that made it, if that fails. `claims` counts the changes of it. `begun_in` is the location whose CRM send
    began the thread (R40); `sends` has the last CRM send in it, for the reports that come back (R57). A pin holds for
    mail `since` the first that it was placed with: what is earlier stays out, whenever it is read (R25).
    """

    id: ThreadId
    claimed_by: LocationId | None = None
    claim_epoch: int = 0
    firm: bool = False
    claims: int = 0
    begun_in: LocationId | None = None
    sends: dict[LocationId, MessageId] = field(default_factory=dict)
    pins: dict[LocationId, ContactId] = field(default_factory=dict)
    since: dict[LocationId, datetime] = field(default_factory=dict)
    people: dict[LocationId, tuple[str, ...]] = field(default_factory=dict)


def milliseconds(moment: datetime) -> int:
    """A time as conversations keep it, rounded up."""
    return -((EPOCH - moment) // timedelta(milliseconds=1))
