"""What may be concluded of a send whose call was cut off, when Gmail's upload session no longer tells (R55).

Absence is proof only if nothing could have hidden the mail: the marker is known to survive, the worker itself saw the
call end, and the sync has since covered the mailbox beyond a point ten minutes after that end, with nothing parked and
nothing gone or dropped meanwhile. In every other case nobody knows, and the user decides.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.mailbox import Mailbox
from shared.domain.outbox import CALL_DEADLINE, OutboxEntry
from shared.domain.outbox_steps import MARGIN

SETTLED_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(minutes=30)
LOOK_AGAIN = timedelta(minutes=1)


class Verdict(StrEnum):
    """What to do next; `absent` is proof that the mail was not sent."""

    WAIT = "wait"
    MARK_POINT = "mark_point"
    ABSENT = "absent"
    UNKNOWN = "unknown"


def judged(entry: OutboxEntry, mailbox: Mailbox, *, marker_survives: bool, parked: int, at: datetime) -> Verdict:
    """The verdict at the time `at`, on an entry that was being called; `parked` mails of the mailbox are not placed."""
    if at < ended_by(entry) + SETTLED_AFTER:
        return Verdict.WAIT
    if entry.seen_at is None:
        return Verdict.MARK_POINT
    covered = mailbox.cursor >= entry.seen_history and not mailbox.catch_up
    unhidden = not parked and mailbox.tally.unread == entry.gone_before
    if covered and unhidden and marker_survives and entry.call_ended_at and not entry.unseen:
        return Verdict.ABSENT
    return Verdict.UNKNOWN if at >= entry.seen_at + GIVE_UP_AFTER else Verdict.WAIT


def look_again(entry: OutboxEntry, at: datetime) -> datetime:
    """When the next verdict may differ."""
    return max(at + LOOK_AGAIN, ended_by(entry) + SETTLED_AFTER)


def ended_by(entry: OutboxEntry) -> datetime:
    """The time by which the call had certainly ended."""
    return entry.call_ended_at or (entry.called_at or entry.accepted_at) + CALL_DEADLINE + MARGIN
