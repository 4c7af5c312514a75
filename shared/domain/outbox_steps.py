"""The steps of an outbox entry, each a value from a value, to be written under the version that was read."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.message import Failure, Message, Status
from shared.domain.outbox import CALL_DEADLINE, CLAIM, QUEUE_AT_MOST, EntryState, OutboxEntry

MARGIN = timedelta(seconds=30)
"""Beyond the call's own deadline, before anybody else believes it dead."""
MOST_ATTEMPTS = 50
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


def due(entry: OutboxEntry, at: datetime) -> bool:
    """Whether the entry's own time has come."""
    return entry.settle_at is None or entry.settle_at <= at


def too_old(entry: OutboxEntry, at: datetime) -> bool:
    """Whether it has waited for as long as it may (R54), or has been begun too often to be the world's fault."""
    since = entry.queued_at or entry.accepted_at
    return at - since > QUEUE_AT_MOST or entry.attempt - entry.first_attempt >= MOST_ATTEMPTS


def claimed(entry: OutboxEntry, at: datetime, *, cursor: int, gone: int) -> OutboxEntry:
    """Taken by one worker; how far the mailbox was covered is kept as evidence."""
    return replace(
        entry,
        state=EntryState.CLAIMED,
        attempt=entry.attempt + 1,
        claimed_at=at,
        called_at=None,
        call_ended_at=None,
        session="",
        not_before=None,
        settle_at=at + CLAIM,
        cursor_before=cursor,
        gone_before=gone,
        seen_history=0,
        seen_at=None,
        unseen=False,
    )


def taken_over(entry: OutboxEntry) -> OutboxEntry:
    """In another worker's hands: whether the one before it still lives is not known unless it told the call's end."""
    return replace(entry, unseen=entry.unseen or entry.call_ended_at is None)


def calling(entry: OutboxEntry, at: datetime, *, session: str, size: int) -> OutboxEntry:
    """Written directly before the call: from here on only evidence says whether the mail went out."""
    return replace(
        entry,
        state=EntryState.CALLING,
        called_at=at,
        call_ended_at=None,
        session=session,
        size=size,
        settle_at=at + CALL_DEADLINE + MARGIN,
    )


def requeued(entry: OutboxEntry, not_before: datetime) -> OutboxEntry:
    """Waiting for another try, because the last one certainly sent nothing."""
    return replace(entry, state=EntryState.QUEUED, session="", not_before=not_before, settle_at=not_before)


def wait(entry: OutboxEntry) -> timedelta:
    """Until the next try: ever longer."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(max(entry.attempt - entry.first_attempt - 1, 0), 10)))


def ended(entry: OutboxEntry, state: EntryState) -> OutboxEntry:
    """Nothing more happens by itself."""
    return replace(entry, state=state, session="", not_before=None, settle_at=None)


def shown(message: Message, state: EntryState, failure: Failure | None = None) -> Message:
    """The message as its entry stands."""
    return replace(message, status=_STATUS[state], failure=failure)


_STATUS = {
    EntryState.QUEUED: Status.QUEUED,
    EntryState.CLAIMED: Status.SENDING,
    EntryState.CALLING: Status.SENDING,
    EntryState.SENT: Status.SENT,
    EntryState.FAILED: Status.FAILED,
    EntryState.UNKNOWN: Status.UNKNOWN,
}
