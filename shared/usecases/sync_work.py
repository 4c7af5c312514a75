"""One worker's run over one mailbox: what it may touch, what it holds, and what it has done so far."""

from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain import budget
from shared.domain.addresses import Address
from shared.domain.identifiers import GmailId, MailboxId
from shared.domain.mailbox import LEASE, Alias, CatchUp, Mailbox, advanced, renewed
from shared.ports.gmail import Gmail, GmailAccess, Sealer
from shared.ports.store import Store, Write
from shared.ports.world import Blobs, Clock, Event, Topics
from shared.usecases import hold_mailbox
from shared.usecases.always_fails import blaming_the_mail
from shared.usecases.hold_mailbox import Held
from shared.usecases.label_names import LabelNames
from shared.usecases.untold import events_of, noted

NAP = timedelta(seconds=5)
"""So short that an instance that is told to end is not still asleep when its grace is over (F45)."""
SPARE = 300


class Interrupted(Exception):
    """The instance is to end while its worker waits: the mailbox is handed over as it is, its chunk not begun."""


@dataclass(frozen=True, slots=True)
class SyncPorts:
    """All of the world that a sync may touch.

    `addresses` remembers the mailboxes of addresses for the instance's life; `units_per_minute` is Gmail's quota for
    one mailbox; a chunk has about `chunk` mails; after `deadline` the rest is left to the next invocation.
    """

    store: Store
    gmail: GmailAccess
    blobs: Blobs
    topics: Topics
    clock: Clock
    sealer: Sealer
    addresses: MutableMapping[Address, MailboxId]
    units_per_minute: int = 6_000
    chunk: int = 50
    deadline: timedelta = timedelta(seconds=420)
    capture_domain: str = ""
    """The domain of the auto-BCC addresses, which are nobody (R60)."""
    stopping: Callable[[], bool] = lambda: False
    """Whether this instance was told to end: what is left is for another one (F45)."""

    @property
    def usable_units(self) -> int:
        """Of a minute's: a little is left for what workers ask before one of them has the claim, which none records."""
        return self.units_per_minute - self.units_per_minute // SPARE


@dataclass(slots=True)
class Work:
    """The run; `counts` is what its outcome tells.

    If `careful`, mails go one by one; those to `skip` are parked. `again`: the run before this one did not end well, so
    that a chunk may have been decided already. `settled_until`: a list may bring older mail again; it is `listing`.
    `untold` are events of what is committed until they have gone out: every write notes them on the mailbox (R75).
    """

    ports: SyncPorts
    gmail: Gmail
    held: Held
    started: timedelta
    careful: bool = False
    again: bool = False
    settled_until: datetime | None = None
    listing: CatchUp | None = None
    relisted: bool = False
    """Whether a catch-up was worked on: the history from its baseline on brings again what came after that."""
    skip: set[GmailId] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    spent: int = 0
    untold: list[Event] = field(init=False)
    noted: str = field(init=False)
    """The mailbox's note as this worker last wrote it."""
    told: frozenset[str] = frozenset()
    """The ids of what was announced last: a chunk that is done again has the same events."""
    past: list[tuple[datetime, int]] = field(default_factory=list)
    """Units `spent` on the calls that are made now, and on those that had ended by a time since the last write."""
    names: LabelNames = field(init=False)
    own: tuple[str, tuple[Alias, ...]] | None = None
    """The account's display name and aliases, where Gmail was asked in this run."""

    def __post_init__(self) -> None:
        self.names = LabelNames(self._labels)
        self.noted = self.mailbox.untold
        self.untold = events_of(self.noted)

    def _labels(self) -> dict[str, str]:
        self.spend(budget.LABELS)
        with blaming_the_mail(careful=self.careful):
            return self.gmail.labels()

    @property
    def mailbox(self) -> Mailbox:
        """As this worker last wrote it."""
        return self.held.mailbox

    def at(self) -> datetime:
        """The store's time."""
        return hold_mailbox.at(self.held, self.ports.clock)

    def late(self) -> bool:
        """Whether the rest is better left to the next invocation."""
        return self.ports.stopping() or self.ports.clock.elapsed() - self.started > self.ports.deadline

    def save(self, change: Callable[[Mailbox, datetime], Mailbox], writes: Sequence[Write] = ()) -> None:
        """One write of the mailbox: `change`, the settled cursor, the units spent; `writes` go with it or not.

        A note that is not this worker's last one is of a commit of its own whose answer was lost (F08).
        """
        self._ended()

        def whole(mailbox: Mailbox, at: datetime) -> Mailbox:
            if mailbox.untold != self.noted:
                self.noted, self.untold = mailbox.untold, self.untold_with(events_of(mailbox.untold))
            mailbox = replace(advanced(mailbox, self.held.cursor), untold=noted(self.untold))
            return change(replace(mailbox, units=self._units(mailbox)), at)

        self.held = hold_mailbox.save(self.ports.store, self.ports.clock, self.held, whole, writes)
        self.noted = self.mailbox.untold
        self.past.clear()

    def untold_with(self, events: Iterable[Event]) -> list[Event]:
        """What is not told yet, and those of the events that were not told last."""
        news = (event for event in events if event.id not in self.told)
        return list({event.id: event for event in (*self.untold, *news)}.values())

    def tell(self) -> None:
        """Announces what is committed, by this worker or by one that died, and was not told yet. Raises `Transient`."""
        if self.untold:
            self.ports.topics.announce(self.untold)
            self.told, self.untold = frozenset(event.id for event in self.untold), []

    def settle(self, cursor: int) -> None:
        """The history is settled up to `cursor`; written with the next write."""
        self.held = replace(self.held, cursor=max(self.held.cursor, cursor))

    def keep(self) -> None:
        """Renews the lease when less than half of it is left: for whatever takes long between two commits."""
        until = self.mailbox.lease_until
        if until and until - self.at() < LEASE / 2:
            self.save(lambda mailbox, at: renewed(mailbox, at=at))

    def spend(self, units: int) -> None:
        """Waits until the mailbox's quota has room for the units, keeping the lease meanwhile. Raises `Interrupted`."""
        self._ended()
        self.keep()
        while wait := self._wait(units):
            if self.ports.stopping():
                raise Interrupted
            self.ports.clock.sleep(min(wait, NAP))
            self.keep()
        self.spent += units

    def spend_on(self, each: int, count: int) -> int:
        """As many calls of `each` units as there is room for, at least one and at most `count`; waits for the first."""
        self._ended()
        fitting = budget.fitting(self._units(self.mailbox), self.at(), each, self.ports.usable_units)
        calls = min(count, max(1, fitting))
        self.spend(each * calls)
        return calls

    def _ended(self) -> None:
        """The calls made last have been answered by now, so they count from no later time."""
        if self.spent:
            self.past.append((self.at(), self.spent))
            self.spent = 0

    def _wait(self, units: int) -> timedelta:
        return budget.wait(self._units(self.mailbox), self.at(), units, self.ports.usable_units)

    def _units(self, mailbox: Mailbox) -> dict[str, int]:
        units = mailbox.units
        for at, spent in self.past:
            units = budget.spending(units, at, spent)
        return units
