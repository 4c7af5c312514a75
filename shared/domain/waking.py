"""When a mailbox that was looked at is looked at again."""

from dataclasses import replace
from datetime import datetime

from shared.domain.mailbox import LAG_CHECKS, RECHECK, Mailbox, released


def caught_up(mailbox: Mailbox, at: datetime) -> Mailbox:
    """Free, with the history that Gmail shows handled; what it announced and does not show is looked for a while."""
    mailbox = replace(mailbox, last_synced_at=at)
    if mailbox.pending <= mailbox.cursor:
        return replace(released(mailbox, at=at), lag_checks=0)
    if mailbox.lag_checks >= LAG_CHECKS:
        return replace(released(mailbox, at=at), lag_checks=0, pending=mailbox.cursor, unhandled_since=None)
    return replace(released(mailbox, at=at, wake_at=at + RECHECK), lag_checks=mailbox.lag_checks + 1)


def done(mailbox: Mailbox, at: datetime) -> Mailbox:
    """As caught up, but looked at once more soon: Gmail drops what it would notify within a second of the last one."""
    mailbox = caught_up(mailbox, at)
    soon = at + RECHECK
    return replace(mailbox, wake_at=min(mailbox.wake_at or soon, soon))


def handed_over(mailbox: Mailbox, at: datetime) -> Mailbox:
    """Free before all was handled: the project's own topic has the mailbox, and the timer too should that be lost."""
    return released(mailbox, at=at, wake_at=at + RECHECK)
