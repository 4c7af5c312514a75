"""The scene of a burst: many connected mailboxes, one of which gets far more than its quota lets it read at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from shared.domain import budget, keys
from shared.domain.addresses import Address, normalise
from shared.domain.connection import Connection, ConnectionState
from shared.domain.identifiers import ContactId, LocationId, MailboxId, UserId
from shared.domain.location import AddressEntry, Contact, IndexedContact, Location
from shared.domain.mailbox import Alias, Grant, Link, Mailbox
from shared.domain.message import Message
from shared.domain.places import MailboxAddress
from shared.ports.store import Create, Put, Replace, Write
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.reconcile import reconcile
from shared.usecases.sync_work import SyncPorts
from tests.burst.queue import Function, Queue
from tests.burst.quota import MINUTE, Quota
from tests.burst.slow import SlowAccess, SlowStore, SlowTopics
from tests.burst.virtual_time import VirtualTime
from tests.fakes.blobs import FakeBlobs
from tests.fakes.sealer import FakeSealer
from tests.fakes.store import FakeStore
from tests.soak.account import Account

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WARMING = 60.0
"""Seconds before the first mail."""
CONTACTS = 20
OFFICE = 20
"""Mailboxes that share a location."""
BURST = "burst@agency.example"
STRANGERS = "stranger"


@dataclass(frozen=True)
class Plan:
    """How much comes where; `within` are the seconds over which the others' mail and the burst arrive."""

    burst: int = 10_000
    others: int = 1_000
    each: int = 100
    eligible: float = 0.2
    of_burst_eligible: float = 0.2
    burst_within: float = 60.0
    others_within: float = 1_800.0
    latency: float = 0.1
    units: int = 6_000
    believed_units: int = 6_000
    """What the product is told of the quota."""
    hours: float = 6.0
    seed: int = 1


@dataclass
class Mail:
    """One mail of the scene, in seconds; `pushed_at` only if Gmail notified of it."""

    mailbox: str
    eligible: bool
    gmail_id: str = ""
    arrived_at: float = 0.0
    pushed_at: float | None = None
    stored_at: list[float] = field(default_factory=list)


class Scene:
    """`play` lets it all happen; the mails then know when each was stored."""

    def __init__(self, plan: Plan, function: Function | None = None) -> None:
        self.plan, self.draw = plan, Random(plan.seed)  # noqa: S311 - the same scene again
        self.time = VirtualTime(BEGIN)
        self.documents = FakeStore(self.time.now)
        self.store = SlowStore(self.documents, self.time, self.draw)
        self.store.committed = self._committed
        self.function = function or Function.deployed()
        self.queue = Queue(self.time, self.draw, self.function, self._invoke)
        self.topics = SlowTopics(self.time, self.draw, self._woken)
        self.accounts: dict[str, Account] = {}
        self.quotas: dict[str, Quota] = {}
        self.mails: dict[str, Mail] = {}
        self.caught_up: dict[str, float] = {}
        access = SlowAccess(self.accounts, self.quotas, self.time, plan.latency)
        self.ports = SyncPorts(
            self.store,
            access,
            FakeBlobs(),
            self.topics,
            self.time,
            FakeSealer(),
            addresses={},
            units_per_minute=plan.believed_units,
        )
        self._settle_in()

    # before

    def _settle_in(self) -> None:
        emails = [BURST, *(f"other-{number}@agency.example" for number in range(self.plan.others))]
        for number, email in enumerate(emails):
            place = LocationId(f"office-{number // OFFICE}")
            if number % OFFICE == 0:
                self._location(place)
            self._connected(email, place)
        self._arrivals(BURST, self.plan.burst, self.plan.of_burst_eligible, self.plan.burst_within)
        for email in emails[1:]:
            self._arrivals(email, self.plan.each, self.plan.eligible, self.plan.others_within)
        self.time.after(MINUTE, self._each_minute)

    def _location(self, place: LocationId) -> None:
        self.documents.commit([Put(keys.location(place), Location(place, "An office"))])
        for number in range(CONTACTS):
            name, address = ContactId(f"c{number}"), normalise(f"c{number}@customer.example")
            assert address
            indexed = IndexedContact(address, primary=True, created_at=BEGIN)
            self.documents.commit(
                [
                    Put(keys.contact(place, name), Contact(name, address, BEGIN)),
                    Put(keys.address(place, address), AddressEntry(contacts={name: indexed})),
                ]
            )

    def _connected(self, email: str, place: LocationId) -> None:
        account = self.accounts[email] = Account(email, self.time.now, page=500)
        account.watched_until = BEGIN + timedelta(days=7)
        self.quotas[email] = Quota(self.plan.units)
        address, user, name = Address(email), UserId(email.partition("@")[0]), mailbox_of(email)
        mailbox = Mailbox(name, f"sub-{user}", address, aliases=(Alias(address),), grant=Grant("sealed", 1))
        link = Link(user, BEGIN, 1)
        self.documents.commit(
            [
                Put(keys.mailbox(name), replace(mailbox, cursor=account.newest, links={place: link})),
                Put(keys.mailbox_address(address), MailboxAddress(name)),
                Put(keys.connection(place, user), Connection(user, name, email, ConnectionState.CONNECTED, BEGIN)),
                Put(keys.address(place, address), AddressEntry(internal={f"user:{user}": address})),
            ]
        )

    def _arrivals(self, email: str, count: int, eligible: float, within: float) -> None:
        known = round(count * eligible)
        kinds = [number < known for number in range(count)]
        self.draw.shuffle(kinds)
        times = sorted(self.draw.uniform(0, within) for _ in range(count))
        for number, (at, of_contact) in enumerate(zip(times, kinds, strict=True)):
            name = f"{email.partition('@')[0]}-{number}"
            self.mails[name] = Mail(email, of_contact)
            self.time.after(WARMING + at, lambda name=name: self._arrive(name))  # type: ignore[misc]

    # meanwhile

    def _arrive(self, name: str) -> None:
        mail = self.mails[name]
        account = self.accounts[mail.mailbox]
        sender = (
            f"c{self.draw.randrange(CONTACTS)}@customer.example" if mail.eligible else f"{STRANGERS}@{name}.example"
        )
        head = f"From: {sender}\nTo: {mail.mailbox}\nSubject: About {name}\nMessage-ID: <{name}@mail.example>\n"
        mail.gmail_id = account.deliver(f"{head}Content-Type: text/plain; charset=utf-8\n\nText of {name}.\n")
        mail.arrived_at = self.time.seconds
        if account.notifies():
            mail.pushed_at = self.time.seconds
            self.queue.publish(Notice("", address=Address(mail.mailbox), history_id=account.newest))

    def _woken(self, mailbox: MailboxId) -> None:
        self.queue.publish(Notice("", mailbox=mailbox))

    def _each_minute(self) -> None:
        self.time.after(MINUTE, self._each_minute)
        self.time.start(lambda: reconcile(self.store, self.topics, self.time))

    def _invoke(self, notice: Notice) -> object:
        return process_notification(self.ports, notice)

    def _committed(self, writes: Sequence[Write]) -> None:
        now = self.time.seconds
        for write in writes:
            match write:
                case Create(_, Message() as message) if message.message_id:
                    name = message.message_id.strip("<>").partition("@")[0]
                    self.mails[name].stored_at.append(now)
                case Replace(_, Mailbox() as mailbox):
                    if mailbox.cursor >= self.accounts[mailbox.address].newest:
                        self.caught_up.setdefault(mailbox.address, now)
                    else:
                        self.caught_up.pop(mailbox.address, None)
                case _:
                    pass

    def play(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Until every mailbox is up to date, or the plan's hours are over."""
        end = self.plan.hours * 3_600
        least = WARMING + max(self.plan.burst_within, self.plan.others_within)
        while self.time.seconds < end and not (self.time.seconds > least and self._at_rest()):
            self.time.run(self.time.seconds + 5 * MINUTE)
            say(f"{self.time.seconds / 60:.0f} min: {len(self.caught_up):,} of {len(self.accounts):,} up to date")
        self.time.close()

    def _at_rest(self) -> bool:
        return len(self.caught_up) == len(self.accounts) and not self.queue.running


def mailbox_of(email: str) -> MailboxId:
    return MailboxId(email.partition("@")[0])


def floor_minutes(plan: Plan) -> float:
    """How long the burst's units take at Gmail's quota: headers of all, whole mails of what belongs, the history."""
    pages = -(-plan.burst // 500)
    units = plan.burst * budget.GET * (1 + plan.of_burst_eligible) + pages * budget.HISTORY
    return units / plan.units
