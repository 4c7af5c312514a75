"""Catches up after Gmail forgot the history cursor: lists what came since, bounded by the connections (F09, F10)."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from shared.domain import budget
from shared.domain.history import Chunk, Item
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mailbox import CatchUp, Mailbox, renewed
from shared.errors import PageExpired
from shared.usecases.sync_work import Work
from shared.usecases.take_carefully import take_carefully

OVERLAP = timedelta(hours=1)
NOTED: Final = 250
"""Mails after which it is written down how far the list is settled."""
MOST: Final = 50_000
"""Ids of one list that are held in memory; a longer one is gone through several times."""
Mails = list[tuple[GmailId, ThreadId]]


def begin_catch_up(work: Work) -> None:
    """Writes down from when to list, and takes the id at which the history goes on afterwards before listing begins."""
    work.spend(budget.PROFILE)
    baseline = work.gmail.profile().history_id
    since = _since(work.mailbox)
    work.save(
        lambda mailbox, at: replace(renewed(mailbox, at=at), catch_up=CatchUp(since, baseline)),
    )
    work.counts["catch-ups"] += 1


def catch_up(work: Work) -> None:
    """Takes in what the list has, the oldest first as history has it: what a mail brings about counts for later ones.

    Only when all of it is settled does the cursor become the baseline. Stops early, in a state from which the next
    worker goes on, when time is short.
    """
    work.settled_until = work.mailbox.last_synced_at
    while (state := work.mailbox.catch_up) and not work.late():
        try:
            ids, more = _oldest(work, state)
        except PageExpired:
            continue
        for first in range(0, len(ids), NOTED):
            if work.late():
                break
            state = _taken_in(work, state, ids[first : first + NOTED])
        else:
            if not more:
                work.settle(state.baseline)
                _write(work, None)
    work.settled_until = None


def _oldest(work: Work, state: CatchUp) -> tuple[Mails, bool]:
    """The oldest mails of the list that are not settled yet, oldest first, and whether there are `more`.

    Gmail lists the newest first: the list is gone through to where it is settled.
    """
    query, token, mails, more = f"after:{int(state.since.timestamp())}", None, dict[GmailId, ThreadId](), False
    while True:
        work.spend(budget.LIST)
        page = work.gmail.search(query, token)
        fresh = dict(takewhile(lambda mail: mail[0] != state.through, page.ids))
        mails |= fresh
        if len(mails) > MOST:
            mails, more = dict(list(mails.items())[-MOST:]), True
        token = page.next_page
        if token is None or len(fresh) < len(page.ids):
            return list(mails.items())[::-1], more


def _taken_in(work: Work, state: CatchUp, mails: Mails) -> CatchUp:
    """Settles some mails, and notes that it did."""
    for first in range(0, len(mails), work.ports.chunk):
        some = mails[first : first + work.ports.chunk]
        items = tuple(Item(gmail_id, thread_id, fresh=True) for gmail_id, thread_id in some)
        take_carefully(work, Chunk(f"list-{state.baseline}-{some[0][0]}", items, 0))
    noted = replace(state, through=mails[-1][0])
    _write(work, noted)
    return noted


def _write(work: Work, state: CatchUp | None) -> None:
    work.save(lambda mailbox, at: replace(renewed(mailbox, at=at), catch_up=state))


def _since(mailbox: Mailbox) -> datetime:
    """Not before the first connection, nor long before all was last known to be settled."""
    connected = min(link.connected_at for link in mailbox.links.values())
    return max(connected, mailbox.last_synced_at - OVERLAP) if mailbox.last_synced_at else connected
