"""Catches up after Gmail forgot the history cursor: lists what came since, bounded by the connections (F09, F10)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain import budget
from shared.domain.mailbox import CatchUp, Mailbox, renewed
from shared.errors import PageExpired
from shared.usecases.listed_mail import Mails, oldest, take_in_listed
from shared.usecases.page_tokens import Relists
from shared.usecases.rescued_mail import take_in_rescued
from shared.usecases.sync_work import Work

OVERLAP = timedelta(hours=1)
NOTED: Final = 250
"""Mails after which it is written down how far the list is settled."""


def begin_catch_up(work: Work) -> None:
    """Writes down from when to list, and takes the id at which the history goes on afterwards before listing begins."""
    work.spend(budget.PROFILE)
    baseline = work.gmail.profile().history_id
    since = _since(work.mailbox)
    work.save(
        lambda mailbox, at: replace(renewed(mailbox, at=at), catch_up=CatchUp(since, baseline, begun_at=at)),
    )
    work.counts["catch-ups"] += 1


def catch_up(work: Work) -> None:
    """Takes in what the list has, the oldest first as history has it: what a mail brings about counts for later ones.

    The list is with spam and trash, so that it is known what was left out for being there (R19): what leaves them while
    Gmail forgets once more is found by that. Only when all of it is settled does the cursor become the baseline. Stops
    early, in a state from which the next worker goes on, when time is short.
    """
    work.settled_until, relists = work.mailbox.last_synced_at, Relists()
    while (state := work.mailbox.catch_up) and not work.late():
        work.listing = state
        try:
            if state.through is None:
                take_in_rescued(work, state)
            ids, more = oldest(work, state, hidden=True)
        except PageExpired as expired:
            relists.again(state.through, expired)
            continue
        for first in range(0, len(ids), NOTED):
            if work.late():
                break
            state = _taken_in(work, state, ids[first : first + NOTED])
        else:
            if not more:
                work.settle(state.baseline)
                _write(work, None)
    work.settled_until, work.listing, work.relisted = None, None, True


def _taken_in(work: Work, state: CatchUp, mails: Mails) -> CatchUp:
    """Settles some mails, and notes that it did."""
    take_in_listed(work, f"list-{state.baseline}", mails)
    noted = replace(state, through=mails[-1][0])
    _write(work, noted)
    return noted


def _write(work: Work, state: CatchUp | None) -> None:
    work.save(lambda mailbox, at: replace(renewed(mailbox, at=at), catch_up=state))


def _since(mailbox: Mailbox) -> datetime:
    """Not before the first connection, nor long before all was last known to be settled."""
    connected = min(link.connected_at for link in mailbox.links.values())
    return max(connected, mailbox.last_synced_at - OVERLAP) if mailbox.last_synced_at else connected
