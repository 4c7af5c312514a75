"""Mail that a list of Gmail's names, not its history: taken in the oldest first, as history has it."""

import math
from itertools import takewhile
from typing import Final

from shared.domain import budget
from shared.domain.history import Chunk, Item
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mailbox import CatchUp
from shared.usecases.page_tokens import PageTokens
from shared.usecases.sync_work import Work
from shared.usecases.take_carefully import take_carefully

MOST: Final = 50_000
"""Ids of one list that are held in memory; a longer one is gone through several times."""
Mails = list[tuple[GmailId, ThreadId]]


def oldest(work: Work, state: CatchUp, *, hidden: bool = False) -> tuple[Mails, bool]:
    """The oldest mails of the list that are not settled yet, oldest first, and whether there are `more`.

    Gmail lists the newest first: the list is gone through to where it is settled; `hidden` is with what is in spam and
    trash. Raises `PageExpired`.
    """
    query, token, mails, more = _query(state), None, dict[GmailId, ThreadId](), False
    tokens = PageTokens()
    while True:
        work.spend(budget.LIST)
        page = work.gmail.search(query, token, include_spam_trash=hidden)
        fresh = dict(takewhile(lambda mail: mail[0] != state.through, page.ids))
        mails |= fresh
        if len(mails) > MOST:
            mails, more = dict(list(mails.items())[-MOST:]), True
        if not page.next_page or len(fresh) < len(page.ids):
            return list(mails.items())[::-1], more
        token = tokens.followed(page.next_page)


def _query(state: CatchUp) -> str:
    """In whole seconds, outwards: nobody says whether Gmail counts the bounds themselves in."""
    after = f"after:{math.floor(state.since.timestamp()) - (1 if state.asked_at else 0)}"
    return f"{after} before:{math.floor(state.until.timestamp()) + 2}" if state.until else after


def take_in_listed(work: Work, name: str, mails: Mails) -> None:
    """Settles the mails, in chunks whose names begin with `name`."""
    for first in range(0, len(mails), work.ports.chunk):
        some = mails[first : first + work.ports.chunk]
        items = tuple(Item(gmail_id, thread_id, fresh=True) for gmail_id, thread_id in some)
        take_carefully(work, Chunk(f"{name}-{some[0][0]}", items, 0))
