"""Mailboxes for operators, sorted by how they stand, and one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from shared.domain import keys
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Mailbox
from shared.domain.mailbox_state import LATE, Activity, MailboxState, activities, state_of
from shared.domain.message import EPOCH
from shared.ports.store import Query, Store, Where
from shared.usecases.absence import found
from shared.usecases.pages import After, Listed, listed

Wanted = MailboxState | Activity


@dataclass(frozen=True, slots=True)
class _Way:
    """How the documents are found that may be wanted, and in what order; what is not wanted after all is left out."""

    where: tuple[Where, ...] = ()
    order_by: str = ""
    value: Callable[[Mailbox], object] = lambda _: None
    numbered: bool = False


def list_mailboxes(
    store: Store, wanted: Wanted | None, *, now: datetime, limit: int, after: After | None
) -> Listed[Mailbox]:
    """A page of the mailboxes that stand so, or of all; it may be shorter than `limit` although more follow."""
    way = _way(wanted, now)
    query = Query(keys.MAILBOXES, way.where, way.order_by, limit=limit)
    page = listed(store, query, way.value, after=after, numbered=way.numbered)
    return page.only(lambda mailbox: wanted is None or wanted in {state_of(mailbox), *activities(mailbox, now)})


def _way(wanted: Wanted | None, now: datetime) -> _Way:
    match wanted:
        case Activity():
            return _at_it(wanted, now)
        case MailboxState.CONNECTED:
            return _Way((), "grant.version", lambda one: one.grant.version if one.grant else 0, numbered=True)
        case MailboxState.DISCONNECTED | None:
            return _Way()
        case _:
            return _Way((Where("trouble.remedy", "==", str(wanted)),))


def _at_it(wanted: Activity, now: datetime) -> _Way:
    """An activity is a field with a range."""
    match wanted:
        case Activity.CATCHING_UP:
            begun = (Where("catch_up.baseline", ">", 0),)
            return _Way(begun, value=lambda one: one.catch_up.baseline if one.catch_up else 0, numbered=True)
        case Activity.RELISTING:
            asked = (Where("relist.asked_at", ">", EPOCH),)
            return _Way(asked, value=lambda one: one.relist.asked_at if one.relist else None)
        case Activity.LEASED:
            return _Way((Where("lease_until", ">", now),), value=lambda one: one.lease_until)
        case Activity.PAUSED:
            return _Way((Where("reads_paused_until", ">", now),), value=lambda one: one.reads_paused_until)
        case Activity.OVERDUE:
            return _Way((Where("wake_at", "<=", now - LATE),), value=lambda one: one.wake_at)
        case Activity.UNHANDLED:
            return _Way((Where("unhandled_since", ">", EPOCH),), value=lambda one: one.unhandled_since)
        case _:
            assert_never(wanted)


def read_mailbox(store: Store, name: MailboxId) -> Mailbox:
    """One mailbox. Raises `Rejected` (`not_found`)."""
    key = keys.mailbox(name)
    return found(store.read(key).value(key))
