"""How a mailbox stands, as operators sort them."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.mailbox import Mailbox

LATE: timedelta = timedelta(minutes=5)
"""How long after its time a mailbox or a send is overdue: the timer runs every minute."""


class MailboxState(StrEnum):
    """What keeps Gmail from being asked, if anything does."""

    CONNECTED = "connected"
    REAUTH_REQUIRED = "reauth_required"
    BLOCKED = "blocked"
    DISCONNECTED = "disconnected"


class Activity(StrEnum):
    """What a connected mailbox is at, or waits for; several may hold at a time."""

    LEASED = "leased"
    PAUSED = "paused"
    CATCHING_UP = "catching_up"
    RELISTING = "relisting"
    OVERDUE = "overdue"
    UNHANDLED = "unhandled"


def state_of(mailbox: Mailbox) -> MailboxState:
    """The state; without a connection it is `disconnected`, whatever went before."""
    if not (mailbox.links and mailbox.grant):
        return MailboxState.DISCONNECTED
    return MailboxState(mailbox.trouble.remedy) if mailbox.trouble else MailboxState.CONNECTED


def activities(mailbox: Mailbox, at: datetime) -> tuple[Activity, ...]:
    """Everything that holds at that time."""
    if not mailbox.usable:
        return ()
    holding = {
        Activity.LEASED: mailbox.leased(at),
        Activity.PAUSED: mailbox.reads_paused_until is not None and mailbox.reads_paused_until > at,
        Activity.CATCHING_UP: mailbox.catch_up is not None,
        Activity.RELISTING: mailbox.relist is not None,
        Activity.OVERDUE: mailbox.wake_at is not None and mailbox.wake_at <= at - LATE,
        Activity.UNHANDLED: mailbox.unhandled_since is not None,
    }
    return tuple(one for one, holds in holding.items() if holds)
