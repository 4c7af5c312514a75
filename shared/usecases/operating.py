"""What an operator's act has to do with: the ports, who acts, and the line that remembers it."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import GmailId, MailboxId, UserId, digest
from shared.domain.mailbox import Mailbox
from shared.domain.places import NO_MAIL, OperatorAct
from shared.errors import Rejected, Transient
from shared.ports.store import Put, Store, Write
from shared.ports.world import Topics
from shared.usecases.contended import Patience


@dataclass(frozen=True, slots=True)
class Operating:
    """What acts may touch."""

    store: Store
    topics: Topics
    patience: Patience


@dataclass(frozen=True, slots=True)
class Target:
    """Who acts on which mailbox, and on which of its mails if on one."""

    by: UserId
    mailbox: MailboxId
    gmail_id: GmailId = NO_MAIL


def noted(
    target: Target,
    act: str,
    at: datetime,
    *,
    why: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Write:
    """The line, to be written in the batch of the act itself (R76)."""
    line = OperatorAct(at, target.by, act, target.mailbox, target.gmail_id, why, since, until)
    return Put(keys.ACTS.key(digest("act", act, target.by, target.mailbox, target.gmail_id, at.isoformat())), line)


def due_now(mailbox: Mailbox, at: datetime) -> Mailbox:
    """The mailbox to be looked at at once, unless a worker holds it, or Gmail named a time before which not to ask."""
    waits = mailbox.leased(at) or (mailbox.reads_paused_until is not None and mailbox.reads_paused_until > at)
    return mailbox if waits else replace(mailbox, wake_at=min(mailbox.wake_at or at, at))


def must_be_usable(mailbox: Mailbox) -> None:
    """Raises `Rejected`, where Gmail may not be asked at all."""
    if not (mailbox.links and mailbox.grant):
        raise Rejected("not_connected", "The mailbox is not connected.", action="Nothing: there is nothing to read.")
    if mailbox.trouble:
        raise Rejected(
            "reauth_required",
            "Google does not accept the mailbox any more.",
            action="Have its user choose Reconnect; what came meanwhile is brought in then.",
            details={"problem": str(mailbox.trouble.remedy)},
        )


def wake(topics: Topics, mailbox: MailboxId) -> None:
    """Has it looked at at once; where that fails, the timer does it within a minute."""
    try:
        topics.wake([mailbox])
    except Transient:
        return
