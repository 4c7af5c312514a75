"""Catches up after Gmail forgot the history cursor: lists what came since, bounded by the connections (F09, F10)."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import budget
from shared.domain.history import Chunk, Item
from shared.domain.mailbox import CatchUp, Mailbox, renewed
from shared.errors import PageExpired
from shared.usecases.sync_work import Work
from shared.usecases.take_carefully import take_carefully

OVERLAP = timedelta(hours=1)


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
    """Takes in page by page what the list has; only when all of it is settled does the cursor become the baseline.

    Stops early, in a state from which the next worker goes on, when time is short.
    """
    work.settled_until = work.mailbox.last_synced_at
    while (state := work.mailbox.catch_up) and not work.late():
        work.spend(budget.LIST)
        query = f"after:{int(state.since.timestamp())}"
        try:
            page = work.gmail.search(query, state.page_token or None)
        except PageExpired:
            _write(work, replace(state, page_token=""))
            continue
        ids = list(reversed(page.ids))
        for first in range(0, len(ids), work.ports.chunk):
            some = ids[first : first + work.ports.chunk]
            name = f"list-{state.baseline}-{some[0][0]}"
            items = tuple(Item(gmail_id, thread_id, fresh=True) for gmail_id, thread_id in some)
            take_carefully(work, Chunk(name, items, 0))
        if page.next_page:
            _write(work, replace(state, page_token=page.next_page))
        else:
            work.settle(state.baseline)
            _write(work, None)
    work.settled_until = None


def _write(work: Work, state: CatchUp | None) -> None:
    work.save(lambda mailbox, at: replace(renewed(mailbox, at=at), catch_up=state))


def _since(mailbox: Mailbox) -> datetime:
    """Not before the first connection, nor long before all was last known to be settled."""
    connected = min(link.connected_at for link in mailbox.links.values())
    return max(connected, mailbox.last_synced_at - OVERLAP) if mailbox.last_synced_at else connected
