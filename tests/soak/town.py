"""A town in memory: its offices with the whole product behind them, the queues between its parts, and its timers."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain.addresses import Address
from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, MailboxId, MessageId, UserId
from shared.errors import Transient
from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.accept_send import Accepted, Asked, accept_send, entry_id
from shared.usecases.contended import Patience
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.delivery import Delivery
from shared.usecases.drop_grants import drop_grants
from shared.usecases.grants import Google
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.receive_mail import receive_mail
from shared.usecases.reconcile import reconcile
from shared.usecases.renew_watches import renew_watches
from shared.usecases.sync_work import SyncPorts
from tests.faults.strikes import Died, Fate, Mode, struck
from tests.soak.grounds import Grounds
from tests.unit.outbound import json_part
from tests.unit.usecases.office import TOPIC

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOST_DOUBLINGS = 6
ACK_DEADLINE = timedelta(seconds=540)
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=10), timedelta(seconds=600)
BEYOND_LEASE = timedelta(seconds=75)
OPERATIONS = 9
"""About as many as one invocation has: a strike falls on one of the first, mostly."""


@dataclass(frozen=True)
class Ports:
    """What one process of the product touches the world with."""

    sync: SyncPorts
    delivery: Delivery
    store: Store
    topics: Topics
    google: Google
    patience: Patience


@dataclass(frozen=True)
class Storm:
    """How likely each misfortune is: a strike for an invocation; loss, repetition and delay for a push."""

    strike: float = 0.05
    lost: float = 0.04
    doubled: float = 0.04
    late: float = 0.06


CALM = Storm(0, 0, 0, 0)


class Town(Grounds):
    """The product at work there: `at` has something happen later, `run_until` lets time pass."""

    def __init__(self, seed: int, *, mailboxes: int) -> None:
        super().__init__(seed, mailboxes=mailboxes)
        self.agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self.storm = Storm()
        self._number, self._depth = 0, 0
        self.plain = Ports(self.ports, self.delivery, self.store, self.topics, self.google, self.patience)
        self.pace = MINUTE
        self._every(lambda: self.pace, self._reconcile)
        self._every(lambda: HOUR, self._renew)

    # time

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self.agenda, (when, self._number, act))

    def after(self, wait: timedelta, act: Callable[[], None]) -> None:
        self.at(self.clock.now() + wait, act)

    def run_until(self, until: datetime) -> None:
        """Everything whose time has come by then, in its order; whoever sleeps takes the time along."""
        while self.agenda and self.agenda[0][0] <= until:
            when, _, act = heapq.heappop(self.agenda)
            self.clock.time = max(self.clock.time, when)
            act()
        self.clock.time = max(self.clock.time, until)

    def _every(self, step: Callable[[], timedelta], act: Callable[[], None]) -> None:
        def again() -> None:
            self.after(step(), again)
            act()

        self.after(step(), again)

    # processes

    def process(self, act: Callable[[Ports], object]) -> bool:
        """One invocation, and whether it was acknowledged. It may be struck; nothing but that may make it fail."""
        fate = self._fate()
        try:
            self.said.append(repr(act(self._struck(fate) if fate else self.plain)))
        except Died:
            return False
        except Transient as error:
            self.said.append(str(error))
            self.book.tally["refused pushes"] += 1
            return False
        except Exception as error:
            if not fate:
                raise
            self.said.append(repr(error))
            self.violations.append(f"bug: {error!r} after {fate.struck}")
            return False
        finally:
            self._count(fate)
            self.pump()
        return True

    def _fate(self) -> Fate | None:
        if self._depth or self.draw.random() >= self.storm.strike:
            return None
        fate = Fate(others=self._meanwhile)
        fate.arm(self.draw.choice(list(Mode)), after=int(self.draw.expovariate(1 / OPERATIONS)))
        return fate

    def _count(self, fate: Fate | None) -> None:
        for one in fate.struck if fate else ():
            self.book.tally[f"struck: {one.partition(' ')[2]}"] += 1
            self.book.tally["crashes"] += " dies " in one
            self.book.tally["strikes"] += 1

    def _meanwhile(self) -> None:
        """What all others do while one process stands still, beyond its lease and beyond its deadline."""
        self._depth += 1
        self.run_until(self.clock.now() + BEYOND_LEASE * self.draw.choice((1, 1, 3)))
        self._depth -= 1

    def _struck(self, fate: Fate) -> Ports:
        store, topics = struck(self.store, "store", fate), struck(self.topics, "topics", fate)
        gmail, blobs = struck(self.mailboxes, "google", fate), struck(self.blobs, "blobs", fate)
        sync = replace(self.ports, store=store, topics=topics, gmail=gmail, blobs=blobs, addresses={})
        delivery = replace(self.delivery, store=store, topics=topics, gmail=gmail, blobs=blobs)
        google = replace(self.google, mailboxes=gmail)
        return Ports(sync, delivery, store, topics, google, self.patience)

    def accept(self, mail: dict[str, Any], *, key: str, user: UserId, location: LocationId) -> Accepted:
        """A request to send, as its client sees it: answered, refused, or neither."""
        fate = self._fate()
        ports = self._struck(fate) if fate else self.plain
        folder = f"locations/{location}/outbox/{entry_id(location, user, key)}/{self.chance.token()}"
        try:
            received = receive_mail([json_part(mail)], ports.sync.blobs, folder=folder)
            asked = Asked(location, user, key, draft_of(received.content or b""))
            return accept_send(asked, received, store=ports.store, topics=ports.topics, patience=ports.patience)
        finally:
            self._count(fate)
            self.pump()

    # queues

    def notify(self, email: str) -> None:
        """Gmail publishes that there is something, if it does."""
        account = self.gmail_of(email)
        if account.lapsed():
            self.book.tally["watches lapsed"] += 1
        if not account.notifies():
            self.book.tally["notifications that Gmail dropped"] += 1
            return
        self.push(Notice("", address=Address(email), history_id=account.newest))

    def push(self, notice: Notice) -> None:  # type: ignore[override]
        """One message of a topic, delivered until it is acknowledged, or never, or twice, or late."""
        self._number += 1
        notice = replace(notice, holder=f"push-{self._number}")
        chance, storm, tally = self.draw.random(), self.storm, self.book.tally
        if chance < storm.lost:
            tally["pushes lost"] += 1
            return
        chance -= storm.lost
        wait = timedelta(milliseconds=self.draw.randint(50, 400))
        if chance < storm.doubled:
            tally["pushes doubled"] += 1
            self.after(wait * self.draw.choice((1, 2, 900)), lambda: self._deliver(notice, 0))
        elif chance < storm.doubled + storm.late:
            tally["pushes late"] += 1
            wait = timedelta(seconds=self.draw.randint(20, 7_000))
        self.after(wait, lambda: self._deliver(notice, 0))

    def _deliver(self, notice: Notice, tries: int) -> None:
        self._redelivered(lambda ports: process_notification(ports.sync, notice), tries)
        self.watch_cursors()

    def _redelivered(self, act: Callable[[Ports], object], tries: int) -> None:
        if self.process(act):
            return
        wait = ACK_DEADLINE if self.draw.random() < 0.2 else min(FIRST_BACKOFF * 2**tries, LONGEST_BACKOFF)
        self.book.tally["redeliveries"] += 1
        self.after(wait, lambda: self._redelivered(act, min(tries + 1, MOST_DOUBLINGS)))

    def pump(self) -> None:
        """What was published goes to its subscribers."""
        topics = self.topics
        for mailbox in topics.woken:
            self.push(Notice("", mailbox=MailboxId(mailbox)))
        for entry in topics.delivered:
            self._send_off(entry)
        self.told |= {event.id for event in topics.announced}
        self.said += [repr(event) for event in topics.announced]
        topics.woken, topics.delivered, topics.announced, topics.again = [], [], [], []
        topics.traces.clear()

    def _send_off(self, entry: MessageId) -> None:
        for _ in range(2 if self.draw.random() < self.storm.doubled else 1):
            wait = timedelta(milliseconds=self.draw.randint(50, 2_000))
            self.after(wait, lambda: self._redelivered(lambda ports: deliver_entry(entry, ports.delivery), 0))

    # timers

    def _reconcile(self) -> None:
        self.process(lambda ports: reconcile(ports.store, ports.topics, self.clock))

    def _renew(self) -> None:
        self.process(
            lambda ports: renew_watches(
                store=ports.store,
                mailboxes=ports.google.mailboxes,
                topics=ports.topics,
                gmail_topic=TOPIC,
                patience=ports.patience,
            )
        )
        self.process(
            lambda ports: drop_grants(
                store=ports.store, google=ports.google, topics=ports.topics, patience=ports.patience
            )
        )
