"""A location with a connected mailbox and contacts, in memory, and what a test does with it."""

from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

from shared.domain import keys
from shared.domain.addresses import Address, normalise
from shared.domain.connection import Connection, ConnectionState
from shared.domain.identifiers import ContactId, GmailId, LocationId, MailboxId, MessageId, UserId
from shared.domain.location import AddressEntry, Contact, IndexedContact, Location
from shared.domain.mailbox import Alias, Grant, Link, Mailbox
from shared.domain.message import Message
from shared.domain.places import MailboxAddress
from shared.domain.policy import chosen
from shared.ports.store import Put, Query
from shared.usecases.process_notification import Notice, Outcome, process_notification
from shared.usecases.reconcile import reconcile
from shared.usecases.sync_work import SyncPorts
from tests.fakes.blobs import FakeBlobs
from tests.fakes.clock import FakeClock
from tests.fakes.gmail import FakeGmailAccess, FakeMailbox
from tests.fakes.sealer import FakeSealer
from tests.fakes.store import FakeStore
from tests.fakes.topics import FakeTopics

HERE = LocationId("here")
ADA = "ada@agency.example"


def letter(sender: str, to: str = ADA, subject: str = "Hello", text: str = "How are you?", **headers: str) -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = "Sun, 01 Mar 2026 09:30:00 +0000"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_string()


class World:
    """Everything a sync touches; `push` is Gmail's notification, `tick` the timer's run."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock.now)
        self.topics = FakeTopics()
        self.blobs = FakeBlobs(self.clock.now)
        self.access = FakeGmailAccess()
        self.ports = SyncPorts(self.store, self.access, self.blobs, self.topics, self.clock, FakeSealer(), addresses={})
        self.gmail: FakeMailbox = self.access.add(ADA, self.clock.now)
        self.mailbox_id = MailboxId("mailbox-ada")
        self.pushes = 0
        self.location(HERE)
        address = Address(ADA)
        self.store.commit(
            [
                Put(
                    keys.mailbox(self.mailbox_id),
                    Mailbox(
                        self.mailbox_id,
                        "sub-ada",
                        address,
                        aliases=(Alias(address),),
                        grant=Grant("sealed-1", 1),
                        cursor=self.gmail.newest,
                        wake_at=self.clock.now(),
                    ),
                ),
                Put(keys.mailbox_address(address), MailboxAddress(self.mailbox_id)),
            ]
        )
        self.link(HERE)

    def location(self, name: LocationId) -> None:
        self.store.commit([Put(keys.location(name), Location(name, "A place"))])

    def policy(self, preset: str = "known_contacts", location: LocationId = HERE, **settings: object) -> None:
        """The location's policy from now on."""
        policy = chosen(preset, settings)
        self.store.commit([Put(keys.location(location), Location(location, "A place", preset, policy, 2))])

    def link(self, location: LocationId, at: datetime | None = None) -> None:
        mailbox = self.mailbox
        link = Link(UserId("ada"), at or self.clock.now(), 1)
        self.store.commit(
            [
                Put(keys.mailbox(mailbox.id), replace(mailbox, links={**mailbox.links, location: link})),
                Put(
                    keys.connection(location, UserId("ada")),
                    Connection(UserId("ada"), mailbox.id, ADA, ConnectionState.CONNECTED, link.connected_at),
                ),
                Put(keys.address(location, Address(ADA)), AddressEntry(internal={"user:ada": Address(ADA)})),
            ]
        )

    def unlink(self, location: LocationId) -> None:
        links = {name: link for name, link in self.mailbox.links.items() if name != location}
        self.store.commit([Put(keys.mailbox(self.mailbox_id), replace(self.mailbox, links=links))])

    def contact(self, name: str, email: str, location: LocationId = HERE) -> None:
        address = normalise(email)
        assert address
        contact = Contact(ContactId(name), address, self.clock.now())
        indexed = IndexedContact(address, primary=True, created_at=self.clock.now())
        self.store.commit(
            [
                Put(keys.contact(location, contact.id), contact),
                Put(keys.address(location, address), AddressEntry(contacts={contact.id: indexed})),
            ]
        )

    @property
    def mailbox(self) -> Mailbox:
        found = self.store.read(keys.mailbox(self.mailbox_id)).value(keys.mailbox(self.mailbox_id))
        assert found
        return found

    def push(self, history_id: int | None = None, *, holder: str | None = None) -> Outcome:
        self.pushes += 1
        at = self.gmail.newest if history_id is None else history_id
        notice = Notice(holder or f"push-{self.pushes}", address=Address(ADA), history_id=at)
        return process_notification(self.ports, notice)

    def wake(self) -> Outcome:
        self.pushes += 1
        return process_notification(self.ports, Notice(f"push-{self.pushes}", mailbox=self.mailbox_id))

    def tick(self) -> list[Outcome]:
        """The timer's run, and what the published wake-ups then do."""
        self.topics.woken.clear()
        reconcile(self.store, self.topics, self.clock)
        return [self.wake() for _ in self.topics.woken]

    def messages(self, location: LocationId = HERE) -> list[Message]:
        found = self.store.find(Query(keys.messages(location), limit=10_000))
        return [stored.value for stored in found if not stored.value.alias_of]

    def conversation(self, name: str, location: LocationId = HERE) -> list[str]:
        """The subjects in a conversation."""
        return [message.subject for message in self.messages(location) if message.conversation == name]

    def left_out(self) -> dict[str, str]:
        """The rule for each mail that was left out of the first location."""
        found = {}
        for path, (fields, _) in self.store.documents.items():
            if "/decided/" in path:
                for gmail_id, rules in fields["left_out"].items() if "left_out" in fields else ():
                    found[gmail_id] = next(iter(rules.values()))["rule"]
        return found

    def parked(self) -> dict[str, str]:
        """The reason for each mail that is parked."""
        return {stored.value.gmail_id: stored.value.reason for stored in self.store.find(Query(keys.PARKED))}

    def bodies_asked(self) -> set[str]:
        return {what for name, what in self.gmail.asked if name == "full"}

    def message(self, name: MessageId, location: LocationId = HERE) -> Message | None:
        key = keys.message(location, name)
        return self.store.read(key).value(key)

    def known(self, gmail_id: GmailId) -> bool:
        key = keys.known_mail(self.mailbox_id, gmail_id)
        return self.store.read(key).value(key) is not None
