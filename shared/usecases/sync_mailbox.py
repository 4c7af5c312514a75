"""Works through everything that a held mailbox has to do: a catch-up, the history, parked mail, a window."""

from shared.domain import budget
from shared.domain.history import chunks
from shared.errors import CursorExpired, PageExpired, Transient
from shared.ports.gmail import HistoryPage
from shared.usecases.catch_up import begin_catch_up, catch_up
from shared.usecases.list_window import list_window
from shared.usecases.page_tokens import RELISTS, PageTokens, Relists
from shared.usecases.park_suspect import park_suspect
from shared.usecases.retry_parked import retry_parked
from shared.usecases.sync_work import Work
from shared.usecases.take_carefully import take_carefully


def sync_mailbox(work: Work, page: HistoryPage | None, *, expired: bool) -> None:
    """Handles all there is, or hands over to a later invocation when time is short.

    What Gmail announced and does not show yet is waited for before a window is gone through: live mail goes first.
    `page` is the history's first page, if it was listed from this very cursor. Raises what concerns the whole mailbox.
    """
    work.tell()
    if work.mailbox.suspect:
        park_suspect(work)
    if expired:
        begin_catch_up(work)
    if work.mailbox.catch_up:
        page = None
        catch_up(work)
    _drain(work, page)
    shown = work.mailbox.pending <= work.held.cursor
    if work.mailbox.parked_due and work.mailbox.parked_due <= work.at() and not work.late():
        retry_parked(work)
    if work.mailbox.relist and shown and not work.late():
        list_window(work)
    if work.late() or (work.mailbox.relist and shown):
        work.counts["handed over"] += 1
        work.ports.topics.wake([work.mailbox.id])


def _drain(work: Work, page: HistoryPage | None) -> None:
    relists = Relists()
    while not work.late():
        since = work.held.cursor
        try:
            newest = _pages(work, since, page)
        except CursorExpired as expired:
            if work.counts["catch-ups"] >= RELISTS:
                raise Transient("gmail: the history is forgotten each time") from expired
            begin_catch_up(work)
            catch_up(work)
            page = None
            continue
        except PageExpired as expired:
            relists.again(work.held.cursor, expired)
            page = None
            continue
        if newest is None:
            return
        work.settle(newest)
        if work.mailbox.pending <= work.held.cursor or newest == since:
            return
        page = None


def _pages(work: Work, since: int, page: HistoryPage | None) -> int | None:
    """Takes in every page after `since`; the id that the history reached, or None if time ran out."""
    if page is None:
        work.spend(budget.HISTORY)
        page = work.gmail.history(since, None)
    newest, tokens = page.history_id, PageTokens()
    while True:
        for chunk in chunks(page.changes, 1 if work.careful else work.ports.chunk, more=bool(page.next_page)):
            if work.late():
                return None
            take_carefully(work, chunk)
        if not page.next_page:
            return newest
        if work.late():
            return None
        work.spend(budget.HISTORY)
        page = work.gmail.history(since, tokens.followed(page.next_page))
        newest = min(newest, page.history_id)
