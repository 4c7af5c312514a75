"""Small documents that lead from one thing to another, or remember who did what."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.identifiers import GmailId, LocationId, MailboxId, UserId

NO_MAILBOX = MailboxId("")
"""Of an act that concerns none."""
NO_MAIL = GmailId("")
"""Of an act on a whole mailbox."""


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """The mailbox behind an address, as Gmail's notifications name it."""

    mailbox: MailboxId


@dataclass(frozen=True, slots=True)
class AutoBcc:
    """Whose an auto-BCC address is (R60); it holds while the user still has that very address."""

    location: LocationId
    user: UserId


@dataclass(frozen=True, slots=True)
class Arrived:
    """An inbound mail that was dealt with: it may be brought again, and is then only answered."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Guesses:
    """Mail of one origin to auto-BCC addresses that do not exist, within one stretch of time (T22)."""

    unknown: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, and when (R76)."""

    at: datetime
    user: UserId
    act: str
    impersonated: bool = False


@dataclass(frozen=True, slots=True)
class OperatorAct:
    """What an operator did to the deployment: ids, times and the operator's own words, nothing of any mail (R76)."""

    at: datetime
    by: UserId
    act: str
    mailbox: MailboxId = NO_MAILBOX
    gmail_id: GmailId = NO_MAIL
    why: str = ""
    since: datetime | None = None
    until: datetime | None = None
