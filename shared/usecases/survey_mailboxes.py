"""Counts the mailboxes by what they are at, without reading them all."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from shared.domain import keys
from shared.domain.linking import NO_WATCH
from shared.domain.mailbox import Mailbox
from shared.domain.mailbox_state import LATE, MailboxState
from shared.domain.message import EPOCH
from shared.domain.overview import Mailboxes, Paused, Reason, Watches
from shared.ports.store import Query, Store, Where
from shared.usecases.waiting import waiting

LOOKED_AT: Final = 100
"""Documents of one kind that are read to tell them apart; beyond that they are only counted."""
AHEAD: Final = timedelta(hours=36)


def survey_mailboxes(store: Store, at: datetime) -> Mailboxes:
    """The counts at that time. They are taken one after the other, so that one may be off by what changed meanwhile."""
    lost = {state: _counted(store, Where("trouble.remedy", "==", str(state))) for state in _LOST}
    granted = _counted(store, Where("grant.version", ">", 0))
    return Mailboxes(
        connected=max(0, granted - sum(lost.values())),
        reauth_required=lost[MailboxState.REAUTH_REQUIRED],
        blocked=lost[MailboxState.BLOCKED],
        disconnected=max(0, store.count(keys.MAILBOXES) - granted),
        leased=_counted(store, Where("lease_until", ">", at)),
        catching_up=_usable(store, Where("catch_up.baseline", ">", 0))[1],
        relisting=_usable(store, Where("relist.asked_at", ">", EPOCH))[1],
        paused=_paused(store, at),
        overdue=waiting(
            store,
            keys.MAILBOXES,
            [Where("wake_at", "<=", at - LATE)],
            "wake_at",
            lambda one: (one.id, one.wake_at or at),
        ),
        unhandled=waiting(
            store,
            keys.MAILBOXES,
            [Where("unhandled_since", ">", EPOCH)],
            "unhandled_since",
            lambda one: (one.id, one.unhandled_since or at),
        ),
    )


_LOST = (MailboxState.REAUTH_REQUIRED, MailboxState.BLOCKED)


def _counted(store: Store, where: Where) -> int:
    return store.count(keys.MAILBOXES, [where])


def _usable(store: Store, where: Where) -> tuple[list[Mailbox], int]:
    """The connected ones among the first that meet the condition, and how many there are, at most, in all."""
    found = store.find(Query(keys.MAILBOXES, (where,), limit=LOOKED_AT))
    usable = [stored.value for stored in found if stored.value.usable]
    return usable, len(usable) if len(found) < LOOKED_AT else _counted(store, where)


def _paused(store: Store, at: datetime) -> Paused:
    looked_at, count = _usable(store, Where("reads_paused_until", ">", at))
    reasons = Counter(one.pause_reason for one in looked_at)
    return Paused(
        count, tuple(Reason(reason, many) for reason, many in reasons.most_common()), max(0, count - len(looked_at))
    )


def survey_watches(store: Store, at: datetime) -> Watches:
    """Which notifications stop soon, or have."""
    soon = [Where("watch_expires_at", "<=", at + AHEAD)]
    due = waiting(
        store, keys.MAILBOXES, soon, "watch_expires_at", lambda one: (one.id, one.watch_expires_at or NO_WATCH)
    )
    first = due.oldest
    return Watches(
        due=due.count,
        lapsed=_counted(store, Where("watch_expires_at", "<=", at)),
        soonest=first.id if first else None,
        soonest_at=first.since if first and first.since > NO_WATCH else None,
    )
