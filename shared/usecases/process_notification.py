"""Brings the CRM up to date with one mailbox, when Gmail or the project's timer says that there may be something."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain import budget, keys
from shared.domain.addresses import Address
from shared.domain.history import matters
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Mailbox, advanced, announced, claimed, paused
from shared.domain.waking import caught_up, done, handed_over
from shared.errors import Conflict, CursorExpired, Gone, GrantLost, LeaseLost, PageExpired, Refused, Transient
from shared.ports.gmail import HistoryPage
from shared.ports.store import Replace, Store, Stored
from shared.usecases.condemn_mailbox import condemn
from shared.usecases.hold_mailbox import Changed, Held, wait
from shared.usecases.sync_mailbox import sync_mailbox
from shared.usecases.sync_work import Interrupted, SyncPorts, Work

TRIES = 30
EXPECTED = (Transient, Refused, Gone, PageExpired)
"""Anything else is a bug: the mailbox is paused, so that it is not tried at once again, and the caller logs where."""
CAREFUL_AFTER = 2
"""Claims at one cursor after which mails are taken one by one (F29)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """That something may have happened; `history_id` is 0 where nobody says how far. `holder` is the push's own id."""

    holder: str
    address: Address | None = None
    mailbox: MailboxId | None = None
    history_id: int = 0

    @property
    def woken(self) -> bool:
        """Whether our own timer sent it, so that there may be work without any newer history."""
        return self.mailbox is not None


class Ending(StrEnum):
    """What came of a notice; all of these are acknowledged."""

    UNKNOWN = "unknown mailbox"
    IDLE = "not connected"
    HANDLED = "handled before"
    NOTHING = "nothing to handle"
    LEFT = "left to the holder"
    PAUSED = "paused"
    CONDEMNED = "grant lost"
    SYNCED = "synced"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The ending, and what was done on the way."""

    ending: Ending
    mailbox: MailboxId | None = None
    counts: dict[str, int] | None = None
    problem: str = ""


@dataclass(slots=True)
class _Look:
    """The first page of history, listed before the claim: it is listed once for a push, whoever gets the claim."""

    since: int = -1
    page: HistoryPage | None = None
    expired: bool = False
    spent: int = 0


def process_notification(ports: SyncPorts, notice: Notice) -> Outcome:
    """Acts on one notice. Raises `Transient` where nothing durable could be written, or where it must come again."""
    name = notice.mailbox or _named(ports, notice.address)
    if name is None:
        return Outcome(Ending.UNKNOWN)
    look = _Look()
    for attempt in range(TRIES):
        reading = ports.store.read(keys.mailbox(name))
        stored = reading.stored(keys.mailbox(name))
        if stored is None:
            _forget(ports, notice)
            return Outcome(Ending.UNKNOWN)
        try:
            return _act(ports, notice, stored, reading.at - ports.clock.elapsed(), look)
        except Conflict:
            wait(ports.clock, attempt)
        except GrantLost as lost:
            version = stored.value.grant.version if stored.value.grant else 0
            condemn(ports.store, ports.topics, name, version, remedy=lost.remedy, reason=lost.reason, now=reading.at)
            return Outcome(Ending.CONDEMNED, name)
    raise Transient("store: the mailbox is contended")


def _named(ports: SyncPorts, address: Address | None) -> MailboxId | None:
    if address is None:
        return None
    if address not in ports.addresses:
        found = ports.store.read(keys.mailbox_address(address)).value(keys.mailbox_address(address))
        if found is None:
            return None
        ports.addresses[address] = found.mailbox
    return ports.addresses[address]


def _forget(ports: SyncPorts, notice: Notice) -> None:
    """An address may have come to belong to another account."""
    if notice.address:
        ports.addresses.pop(notice.address, None)


def _act(ports: SyncPorts, notice: Notice, stored: Stored[Mailbox], origin: datetime, look: _Look) -> Outcome:
    """`origin` is the store's time when our clock's `elapsed` was nothing; listing may last longer than a lease."""
    mailbox, at = stored.value, origin + ports.clock.elapsed()
    if not mailbox.usable:
        _forget(ports, notice)
        return Outcome(Ending.IDLE, mailbox.id)
    if mailbox.leased(at):
        return _leave(ports.store, notice, stored, at)
    if mailbox.reads_paused_until and mailbox.reads_paused_until > at:
        return _remember(ports.store, notice, stored, at, Ending.PAUSED)
    extra = _extra(mailbox, at)
    if not (notice.woken or extra) and max(mailbox.pending, notice.history_id) <= mailbox.cursor:
        return Outcome(Ending.HANDLED, mailbox.id)
    if not extra and not budget.wait(mailbox.units, at, budget.HISTORY, ports.usable_units):
        try:
            _list(ports, mailbox, look)
        except GrantLost:
            raise
        except Exception as trouble:
            _pause(ports.store, notice, stored, origin + ports.clock.elapsed(), trouble)
            if not isinstance(trouble, EXPECTED):
                raise
            return Outcome(Ending.PAUSED, mailbox.id, problem=_reason(trouble))
        at = origin + ports.clock.elapsed()
        if look.page and not look.page.next_page and not any(map(matters, look.page.changes)):
            asked = replace(mailbox, units=budget.spending(mailbox.units, at, look.spent))
            _nothing(ports.store, notice, stored, at, advanced(asked, look.page.history_id))
            return Outcome(Ending.NOTHING, mailbox.id)
    return _work(ports, notice, stored, origin, look)


def _extra(mailbox: Mailbox, at: datetime) -> bool:
    """Whether there is work besides new history: a list to go through, parked mail that is due, a worker that died."""
    due = mailbox.parked_due is not None and mailbox.parked_due <= at
    return bool(mailbox.catch_up or mailbox.relist or due or mailbox.attempts or mailbox.untold)


def _leave(store: Store, notice: Notice, stored: Stored[Mailbox], at: datetime) -> Outcome:
    """Leaves the id to the holder, who cannot release before it is met; the holder's own push must come again."""
    if stored.value.holder == notice.holder:
        raise Transient("this very message holds the mailbox")
    return _remember(store, notice, stored, at, Ending.LEFT)


def _remember(store: Store, notice: Notice, stored: Stored[Mailbox], at: datetime, ending: Ending) -> Outcome:
    mailbox = stored.value
    if mailbox.pending < notice.history_id:
        store.commit([Replace(stored, announced(mailbox, notice.history_id, at=at))])
    return Outcome(ending, mailbox.id)


def _list(ports: SyncPorts, mailbox: Mailbox, look: _Look) -> None:
    if look.since == mailbox.cursor:
        return
    look.since, look.page, look.expired = mailbox.cursor, None, False
    look.spent += budget.HISTORY
    try:
        look.page = ports.gmail.open(mailbox).history(mailbox.cursor, None)
    except CursorExpired:
        look.expired = True


def _nothing(store: Store, notice: Notice, stored: Stored[Mailbox], at: datetime, mailbox: Mailbox) -> None:
    """Moves the cursor to Gmail's answer, never to the push's id, and looks again soon if the push was ahead (F11)."""
    store.commit([Replace(stored, caught_up(announced(mailbox, notice.history_id, at=at), at))])


def _pause(store: Store, notice: Notice, stored: Stored[Mailbox], at: datetime, trouble: Exception) -> None:
    mailbox = announced(stored.value, notice.history_id, at=at)
    until = trouble.retry_at if isinstance(trouble, Transient) else None
    store.commit([Replace(stored, paused(mailbox, at=at, until=until, reason=_reason(trouble)))])


def _reason(trouble: Exception) -> str:
    """What may be kept and logged of it: never the text of an error that nobody expected."""
    match trouble:
        case Transient() | Refused():
            return trouble.reason
        case _:
            return type(trouble).__name__


def _work(ports: SyncPorts, notice: Notice, stored: Stored[Mailbox], origin: datetime, look: _Look) -> Outcome:
    """Claims the mailbox and works through what there is."""
    at, before = origin + ports.clock.elapsed(), stored.value
    value = claimed(before, holder=notice.holder, history_id=notice.history_id, at=at)
    version = ports.store.commit([Replace(stored, value)])
    held = Held(replace(stored, value=value, version=version), origin, value.cursor)
    work = Work(ports, ports.gmail.open(value), held, ports.clock.elapsed())
    work.careful = value.attempts > CAREFUL_AFTER
    work.again = bool(before.holder or before.pauses or before.attempts)
    work.spent = look.spent
    same = look.since == value.cursor
    try:
        problem = _worked(work, look.page if same else None, expired=look.expired and same)
    except LeaseLost as lost:
        raise Transient("another worker took over, or the connection ended") from lost
    ending = Ending.PAUSED if problem else Ending.SYNCED
    return Outcome(ending, before.id, dict(work.counts), problem)


def _worked(work: Work, page: HistoryPage | None, *, expired: bool) -> str:
    """Everything that there is to do; what paused the mailbox instead, or nothing."""
    try:
        sync_mailbox(work, page, expired=expired)
    except Interrupted:
        work.counts["handed over"] += 1
        work.ports.topics.wake([work.mailbox.id])
    except (GrantLost, LeaseLost):
        raise
    except (Conflict, Changed) as conflict:
        raise Transient("store: contended") from conflict
    except Exception as trouble:
        until, reason = trouble.retry_at if isinstance(trouble, Transient) else None, _reason(trouble)
        work.save(lambda one, now: paused(one, at=now, until=until, reason=reason))
        if not isinstance(trouble, EXPECTED):
            raise
        return reason
    work.save(handed_over if work.counts["handed over"] else done)
    return ""
