"""Goes again through the mail of a window that an operator named: what a location should have and lacks is stored."""

from dataclasses import replace

from shared.domain.mailbox import CatchUp, Mailbox, renewed
from shared.errors import PageExpired
from shared.usecases.listed_mail import Mails, oldest, take_in_listed
from shared.usecases.page_tokens import Relists
from shared.usecases.sync_work import Work


def list_window(work: Work) -> None:
    """Decides again on every mail of the window that is not in all of the mailbox's locations, the oldest first.

    Neither the cursor nor a catch-up is touched. Stops, in a state from which the next worker goes on, when time is
    short or Gmail announced something new: live mail goes first.
    """
    relists = Relists()
    while (state := work.mailbox.relist) and not _called_away(work):
        work.listing, work.settled_until = state, work.at()
        try:
            ids, more = oldest(work, state)
            _gone_through(work, state, ids, more=more)
        except PageExpired as expired:
            relists.again(state.through, expired)
    work.listing, work.settled_until = None, None


def _called_away(work: Work) -> bool:
    return work.late() or work.mailbox.pending > work.held.cursor


def _gone_through(work: Work, state: CatchUp, ids: Mails, *, more: bool) -> None:
    size, name = work.ports.chunk, f"window-{state.asked_at:%Y%m%d%H%M%S%f}"
    for first in range(0, len(ids), size):
        if _called_away(work) or not _same(work.mailbox, state):
            return
        some = ids[first : first + size]
        take_in_listed(work, name, some)
        _write(work, state, replace(state, through=some[-1][0]))
    if not more:
        _write(work, state, None)


def _same(mailbox: Mailbox, state: CatchUp) -> bool:
    return mailbox.relist is not None and replace(mailbox.relist, through=state.through) == state


def _write(work: Work, state: CatchUp, now: CatchUp | None) -> None:
    """Unless the operator has asked for something else meanwhile."""
    work.save(
        lambda mailbox, at: replace(renewed(mailbox, at=at), relist=now if _same(mailbox, state) else mailbox.relist)
    )
