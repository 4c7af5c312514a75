"""Parked mail, sends and operators' acts, for operators: the longest waiting first, the latest act first."""

from datetime import datetime
from enum import StrEnum

from shared.domain import keys
from shared.domain.decisions import Parked
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.places import OperatorAct
from shared.ports.store import Query, Store, Where
from shared.usecases.pages import After, Listed, listed
from shared.usecases.survey_work import in_doubt


class SendState(StrEnum):
    """How a send stands; `in_doubt` is one whose call has ended, and nobody knows how."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    CALLING = "calling"
    IN_DOUBT = "in_doubt"
    UNKNOWN = "unknown"
    FAILED = "failed"


def list_parked(
    store: Store, *, mailbox: str | None, reason: str | None, limit: int, after: After | None
) -> Listed[Parked]:
    """A page of what is parked, of one mailbox and for one reason if they are given."""
    asked = {"mailbox": mailbox, "reason": reason}
    where = tuple(Where(name, "==", value) for name, value in asked.items() if value is not None)
    return listed(store, Query(keys.PARKED, where, "since", limit=limit), lambda one: one.since, after=after)


def list_sends(
    store: Store, state: SendState, *, now: datetime, limit: int, after: After | None
) -> Listed[OutboxEntry]:
    """A page of the sends in that state; those in doubt are `calling`, too."""
    if state is SendState.IN_DOUBT:
        doubted = Query(keys.OUTBOX, tuple(in_doubt(now)), "called_at", limit=limit)
        return listed(store, doubted, lambda one: one.called_at, after=after)
    where = (Where("state", "==", str(EntryState(state))),)
    return listed(
        store, Query(keys.OUTBOX, where, "accepted_at", limit=limit), lambda one: one.accepted_at, after=after
    )


def list_acts(store: Store, *, limit: int, after: After | None) -> Listed[OperatorAct]:
    """A page of what operators did (R76)."""
    acts = Query(keys.ACTS, order_by="at", descending=True, limit=limit)
    return listed(store, acts, lambda one: one.at, after=after)
