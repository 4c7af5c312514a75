"""Small documents that lead from one thing to another, or remember who did what."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.identifiers import MailboxId, UserId


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """The mailbox behind an address, as Gmail's notifications name it."""

    mailbox: MailboxId


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, and when (R76)."""

    at: datetime
    user: UserId
    act: str
    impersonated: bool = False
