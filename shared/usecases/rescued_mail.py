"""Mail that left spam or trash when nobody could hear of it, because Gmail forgot the history (R19, F09)."""

from datetime import datetime
from typing import Final

from shared.domain import keys
from shared.domain.decisions import KEPT, NEVER_SYNCS
from shared.domain.identifiers import GmailId
from shared.domain.mailbox import CatchUp
from shared.ports.store import Query, Where
from shared.usecases.listed_mail import oldest, take_in_listed
from shared.usecases.pages import After, listed
from shared.usecases.sync_work import Work

PAGE: Final = 200


def take_in_rescued(work: Work, state: CatchUp) -> None:
    """Decides again on older mail than the catch-up lists that R19 left out and that Gmail lists by now.

    Gmail deletes what has been in spam or trash for 30 days, and so long is it known what was left out. Done once more
    after an interruption, but for the mail that was settled. Stops when time is short. Raises `PageExpired`.
    """
    begun = state.begun_at or work.at()
    window = CatchUp(max(begun - KEPT, _connected(work)), until=state.since)
    hidden = _hidden(work, begun) if window.since < state.since else frozenset()
    more = bool(hidden)
    while more and not work.late():
        mails, more = oldest(work, window)
        rescued = [mail for mail in mails if mail[0] in hidden]
        for first in range(0, len(rescued), work.ports.chunk):
            if work.late():
                return
            take_in_listed(work, f"rescued-{state.baseline}", rescued[first : first + work.ports.chunk])
        window = CatchUp(window.since, through=mails[-1][0] if mails else None, until=window.until)


def _connected(work: Work) -> datetime:
    return min(link.connected_at for link in work.mailbox.links.values())


def _hidden(work: Work, begun: datetime) -> frozenset[GmailId]:
    """What R19 left out, by the last decision on it, and was not looked at again since the catch-up began."""
    last: dict[GmailId, bool] = {}
    lately = Query(keys.decisions(work.mailbox.id), (Where("at", ">=", begun - KEPT),), limit=PAGE)
    after: After | None = None
    while True:
        page = listed(work.ports.store, lately, lambda one: one.at, after=after)
        for one in page.items:
            again = one.at > begun
            for gmail_id, rules in one.left_out.items():
                last[gmail_id] = not again and any(left.rule == NEVER_SYNCS for left in rules.values())
        if not page.after:
            return frozenset(gmail_id for gmail_id, hidden in last.items() if hidden)
        after = page.after
        work.keep()
