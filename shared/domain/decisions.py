"""What became of mail that is not in a conversation: left out by a rule, or parked with a reason."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.identifiers import GmailId, LocationId, MailboxId, UserId

KEPT = timedelta(days=30)
RETRIES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
GONE_CHECK = timedelta(seconds=10)
NEVER_SYNCS = "R19"
"""The rule that leaves out spam, trash, drafts and chats."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The rule that left a mail out of a location, and the version of the policy under which it did."""

    rule: str
    policy_version: int


@dataclass(frozen=True, slots=True)
class Decided:
    """The left-out mail of one chunk: ids and rules, nothing else of it (R23).

    `through` is the newest history id that was seen when it was decided: what happened to a mail later counts anew.
    """

    mailbox: MailboxId
    at: datetime
    expires_at: datetime
    left_out: dict[GmailId, dict[LocationId, LeftOut]] = field(default_factory=dict)
    gone: tuple[GmailId, ...] = ()
    ids: tuple[GmailId, ...] = ()
    through: int = 0


@dataclass(frozen=True, slots=True)
class Parked:
    """A mail that is not covered yet: why, and when it is tried again; without a time, an operator decides."""

    mailbox: MailboxId
    gmail_id: GmailId
    reason: str
    attempts: int
    since: datetime
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """That an operator gave a parked mail up: who, when and why; and for what `reason` it was parked, `since` when."""

    by: UserId
    at: datetime
    why: str
    reason: str
    since: datetime


def next_retry(attempts: int, at: datetime) -> datetime | None:
    """When work that failed `attempts` times is tried again: ever later, then not by itself."""
    return at + RETRIES[attempts - 1] if 1 <= attempts <= len(RETRIES) else None
