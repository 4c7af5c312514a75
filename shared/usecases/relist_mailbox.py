"""Has a window of a mailbox gone through again, because an operator says so."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from shared.domain import keys
from shared.domain.mailbox import CatchUp, Mailbox
from shared.errors import Rejected
from shared.ports.store import Replace
from shared.usecases.absence import nothing_here
from shared.usecases.operating import Operating, Target, due_now, must_be_usable, noted, wake


@dataclass(frozen=True, slots=True)
class Window:
    """Mail from `since` on, up to `until`, or to the present."""

    since: datetime
    until: datetime | None = None


def relist_mailbox(ports: Operating, target: Target, window: Window) -> Mailbox:
    """The mailbox, which goes through the window as soon as its other work is done; never beyond its connection.

    A window that is being gone through is widened by a second one, and then begun again. Raises `Rejected`:
    `invalid_request` for an empty window, `not_found`, `not_connected`, `reauth_required`; `Transient`.
    """
    mailbox = ports.patience.until_committed(partial(_asked, ports, target, window))
    wake(ports.topics, target.mailbox)
    return mailbox


def _asked(ports: Operating, target: Target, window: Window) -> Mailbox:
    key = keys.mailbox(target.mailbox)
    reading = ports.store.read(key)
    stored = reading.stored(key)
    if not stored:
        raise nothing_here()
    must_be_usable(stored.value)
    relist = _joined(stored.value.relist, _bounded(window, stored.value, reading.at), ports.patience.now())
    if relist == stored.value.relist:
        return stored.value
    after = replace(due_now(stored.value, reading.at), relist=relist)
    line = noted(target, "relisted", ports.patience.now(), since=relist.since, until=relist.until)
    ports.store.commit([Replace(stored, after), line])
    return after


def _bounded(window: Window, mailbox: Mailbox, at: datetime) -> Window:
    """Never from before the first connection (R05), and to the present where it ends later."""
    since = max(window.since, min(link.connected_at for link in mailbox.links.values()))
    until = window.until if window.until and window.until < at else None
    if since >= (until or at):
        raise Rejected(
            "invalid_request",
            "The window is empty: it ends before the connection or before it begins, or begins later than now.",
        )
    return Window(since, until)


def _joined(running: CatchUp | None, window: Window, now: datetime) -> CatchUp:
    """What is being gone through, if that is all; else both together, from the beginning."""
    if running is None:
        return CatchUp(window.since, until=window.until, asked_at=now)
    since = min(running.since, window.since)
    until = max(running.until, window.until) if running.until and window.until else None
    if (since, until) == (running.since, running.until):
        return running
    return CatchUp(since, until=until, asked_at=now)
