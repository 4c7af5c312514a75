"""Counts the work that waits: parked mail by reason, sends by state, ends of connections; and what is covered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from shared.domain import keys
from shared.domain.mailbox import Tally
from shared.domain.mailbox_state import LATE
from shared.domain.message import EPOCH
from shared.domain.outbox import CALL_DEADLINE, EntryState, OutboxEntry
from shared.domain.outbox_steps import MARGIN
from shared.domain.overview import Coverage, Outgoing, ParkedWork, Reason, Waiting
from shared.ports.store import Query, Store, Where
from shared.usecases.waiting import oldest, waiting

MOST_REASONS: Final = 20
ENDING_TAKES: Final = timedelta(minutes=2)
"""What is left to do when a connection ends is done within the request that ends it, as a rule."""


def survey_parked(store: Store) -> ParkedWork:
    """One query for each reason that there is, of the first `MOST_REASONS` in their alphabetical order."""
    count = store.count(keys.PARKED)
    stuck = max(0, count - store.count(keys.PARKED, [Where("retry_at", ">", EPOCH)]))
    reasons = tuple(_of_reason(store, reason) for reason in _reasons(store)) if count else ()
    beyond = max(0, count - sum(one.count for one in reasons))
    return ParkedWork(count, stuck, reasons, beyond)


def _reasons(store: Store) -> Iterator[str]:
    """Each reason once: from one to the next by the index, whatever number of mails have it."""
    last = ""
    for _ in range(MOST_REASONS):
        found = store.find(Query(keys.PARKED, (Where("reason", ">", last),), order_by="reason", limit=1))
        if not found:
            return
        last = found[0].value.reason
        yield last


def _of_reason(store: Store, reason: str) -> Reason:
    where = [Where("reason", "==", reason)]
    first = oldest(store, keys.PARKED, where, "since", lambda one: (one.mailbox, one.since))
    return Reason(reason, store.count(keys.PARKED, where), first)


def survey_sends(store: Store, at: datetime) -> Outgoing:
    """Sends by state; in doubt is one whose call has certainly ended, and nobody knows how."""
    counts = {state: store.count(keys.OUTBOX, [_in(state)]) for state in _UNDER_WAY}
    doubted = waiting(store, keys.OUTBOX, in_doubt(at), "called_at", lambda one: (one.id, one.called_at or at))
    return Outgoing(
        queued=counts[EntryState.QUEUED],
        claimed=counts[EntryState.CLAIMED],
        calling=max(0, counts[EntryState.CALLING] - doubted.count),
        in_doubt=doubted,
        unknown=waiting(store, keys.OUTBOX, [_in(EntryState.UNKNOWN)], "accepted_at", _accepted),
        overdue=waiting(
            store,
            keys.OUTBOX,
            [Where("settle_at", "<=", at - LATE)],
            "settle_at",
            lambda one: (one.id, one.settle_at or at),
        ),
    )


_UNDER_WAY = (EntryState.QUEUED, EntryState.CLAIMED, EntryState.CALLING)


def _in(state: EntryState) -> Where:
    return Where("state", "==", str(state))


def _accepted(entry: OutboxEntry) -> tuple[str, datetime]:
    return entry.id, entry.accepted_at


def in_doubt(at: datetime) -> list[Where]:
    """Sends whose call began so long ago that it has ended."""
    return [_in(EntryState.CALLING), Where("called_at", "<=", at - CALL_DEADLINE - MARGIN)]


def survey_endings(store: Store, at: datetime) -> Waiting:
    """Connections that ended, and for which something is left to do."""
    late = [Where("ended_at", "<=", at - ENDING_TAKES)]
    return waiting(store, keys.ENDINGS, late, "ended_at", lambda one: (one.mailbox, one.ended_at))


def survey_coverage(store: Store) -> Coverage:
    """What became of every mail that was seen, over all mailboxes (R73)."""
    sums = {name: store.sum(keys.MAILBOXES, f"tally.{name}") for name in _ENDS}
    tally = Tally(**sums)
    return Coverage(tally, tally.seen, tally.coverage)


_ENDS = ("stored", "left_out", "gone", "parked", "dropped")
