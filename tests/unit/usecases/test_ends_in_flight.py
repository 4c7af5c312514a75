"""Mail that is being fetched while its connection ends, whichever way: nothing of it is kept (F35, F36, F40)."""

from collections.abc import Callable

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import Intent
from shared.domain.identifiers import ContactId, LocationId
from shared.errors import Transient
from shared.ports.store import Query
from shared.usecases.delete_contact import delete_contact
from shared.usecases.delete_location import delete_location
from shared.usecases.delete_user import delete_user
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.sync_work import SyncPorts
from tests.fakes.blobs import FakeBlobs
from tests.unit.inbound import letter
from tests.unit.usecases.office import ANN, ANNS, HERE, THERE, Office, address, id_of

CARL, OTHER = "carl@customer.example", "other@gmail.com"


class Syncing(Office):
    """An office whose user's mail is synced; Carl is a contact of both locations."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs = FakeBlobs()
        self.account(OTHER)
        for place in (HERE, THERE):
            contact = ContactDraft(ContactId("carl"), address(CARL))
            put_contact(self.store, place, contact, patience=self.patience)
        self.connect()
        self.clock.advance(minutes=1)

    def arrives(self, subject: str = "Hello", email: str = ANNS) -> None:
        mail = letter(CARL, to=email, subject=subject, text="word " * 30_000)
        self.mailboxes.accounts[email].deliver(mail)

    def sync(self, email: str = ANNS) -> None:
        ports = SyncPorts(self.store, self.mailboxes, self.blobs, self.topics, self.clock, self.sealer, addresses={})
        process_notification(ports, Notice(f"push-{self.clock.now()}", mailbox=id_of(email)))

    def subjects(self, location: LocationId = HERE) -> list[str]:
        found = self.store.find(Query(keys.messages(location)))
        return sorted(one.value.subject for one in found)


def _user(office: Syncing) -> None:
    delete_user(
        HERE, ANN, by=ANN, store=office.store, google=office.google, topics=office.topics, patience=office.patience
    )


def _location(office: Syncing) -> None:
    delete_location(
        HERE, by=ANN, store=office.store, google=office.google, topics=office.topics, patience=office.patience
    )


def _contact(office: Syncing) -> None:
    office.clock.advance(seconds=10)
    delete_contact(office.store, HERE, ContactId("carl"), patience=office.patience)


ENDS: dict[str, Callable[[Syncing], object]] = {
    "disconnect": lambda office: office.disconnect(),
    "update": lambda office: office.connect(OTHER, intent=Intent.UPDATE),
    "user removed": _user,
    "location removed": _location,
    "contact deleted": _contact,
}


def ending_while(office: Syncing, call: str, end: Callable[[Syncing], object]) -> None:
    """The end comes while Gmail answers a call of the sync for the first time."""
    left = [end]

    def meanwhile(name: str, _: str) -> None:
        if name == call and left:
            left.pop()(office)

    office.mailboxes.accounts[ANNS].fail = meanwhile
    try:
        office.sync()
    except Transient:
        office.sync()
    assert not left


@pytest.mark.parametrize("call", ["headers", "full"])
@pytest.mark.parametrize("how", ENDS)
def test_R36_R37_R39_F35_F36_F40_what_is_being_fetched_when_it_ends_is_not_stored(how: str, call: str) -> None:
    office = Syncing()
    office.arrives()

    ending_while(office, call, ENDS[how])

    assert office.subjects() == []
    assert office.blobs.contents == {}
    assert [event for event in office.topics.announced if event.type == "message.stored"] == []


@pytest.mark.parametrize("how", ["disconnect", "update", "user removed", "location removed"])
def test_R08_F35_the_same_fetch_goes_on_for_the_other_location(how: str) -> None:
    office = Syncing()
    office.connect(location=THERE)
    office.clock.advance(minutes=1)
    office.arrives()

    ending_while(office, "full", ENDS[how])

    assert office.subjects() == []
    assert office.subjects(THERE) == ["Hello"]


def test_R37_F35_after_the_switch_only_the_new_mailbox_brings_mail() -> None:
    office = Syncing()
    office.arrives("Before")
    office.sync()
    office.connect(OTHER, intent=Intent.UPDATE)
    office.clock.advance(minutes=1)

    office.arrives("To the old one")
    office.sync()
    office.arrives("To the new one", OTHER)
    office.sync(OTHER)

    assert office.subjects() == ["Before", "To the new one"]
    assert office.mailboxes.accounts[ANNS].calls["history"] == 1


def test_R39_a_deleted_contacts_threads_bring_no_more_mail_and_stay_readable() -> None:
    office = Syncing()
    account = office.mailboxes.accounts[ANNS]
    account.deliver(letter(CARL, to=ANNS, subject="Before"), thread="t")
    office.sync()
    _contact(office)
    office.clock.advance(minutes=1)

    account.deliver(letter(CARL, to=ANNS, subject="After"), thread="t")
    office.sync()

    assert office.subjects() == ["Before"]
    key = keys.conversation(HERE, ContactId("carl"))
    kept = office.store.read(key).value(key)
    assert kept
    assert (kept.message_count, office.mailbox().own_addresses()) == (1, frozenset({Address(ANNS)}))
