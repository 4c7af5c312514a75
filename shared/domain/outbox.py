"""A mail that the CRM asked to send, from acceptance to its end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.addresses import Address, Person
from shared.domain.identifiers import NO_TRACE, ContactId, LocationId, MailboxId, MessageId, ThreadId, TraceId, UserId
from shared.domain.message import NOBODY, Attachment, Body

CLAIM = timedelta(seconds=60)
CALL_WITHIN = timedelta(seconds=30)
CALL_DEADLINE = timedelta(seconds=120)
QUEUE_AT_MOST = timedelta(hours=24)


NO_MAILBOX = MailboxId("none")
"""Of a mail that goes through the provider; no mailbox is called so."""


class EntryState(StrEnum):
    """`calling` is written directly before the one call that could send; found so by another worker, it is in doubt."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    CALLING = "calling"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One accepted mail; its id is the message's. Secrets (the session's address) are sealed.

    `body` is what the caller gave, before any cleaning. `people` are the outside recipients as address keys, known in
    the thread from then on. `reserved_at` names the bucket of the sending limit that holds it. `settle_at` is the time
    at which somebody must look at it again; `folder` holds its blobs. Attempts count from `first_attempt` since it was
    last queued. `claims` is the thread that the reply claimed. `provided`: it goes through the provider, with a ledger
    of its recipients, of whom a bulk mail has `rolls` full; line `shown_line` has the entry's message. `as_provider` is
    the provider's own address where that is the sender: nothing goes out from any other than was shown. `trace` is its
    acceptance's, under which all that is done about it is logged. The last four are evidence for a send in doubt.
    """

    id: MessageId
    location: LocationId
    user: UserId
    mailbox: MailboxId
    request_digest: str
    accepted_at: datetime
    conversation: ContactId = NOBODY
    state: EntryState = EntryState.QUEUED
    kind: str = "individual"
    provided: bool = False
    sender: Person | None = None
    reply_to: Person | None = None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    people: tuple[str, ...] = ()
    subject: str = ""
    body: Body = field(default_factory=Body)
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_id: ThreadId | None = None
    claims: ThreadId | None = None
    queued_at: datetime | None = None
    reserved_at: datetime | None = None
    attempt: int = 0
    first_attempt: int = 0
    claimed_at: datetime | None = None
    called_at: datetime | None = None
    call_ended_at: datetime | None = None
    session: str = ""
    folder: str = ""
    size: int = 0
    not_before: datetime | None = None
    settle_at: datetime | None = None
    gmail_id: str = ""
    warnings: tuple[str, ...] = field(default_factory=tuple)
    rolls: int = 0
    as_provider: Address | None = None
    shown_line: int = 0
    trace: TraceId = NO_TRACE
    cursor_before: int = 0
    gone_before: int = 0
    seen_history: int = 0
    seen_at: datetime | None = None
    unseen: bool = False
    """The upload may yet be completed by itself: by a worker whose end nobody saw, and whose session another continued,
    or by Gmail, which was found to have the whole mail. No other session is opened then, and absence proves nothing."""
