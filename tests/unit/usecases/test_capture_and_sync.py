"""The same mail by auto-BCC and by Gmail, in either order, and what the sync makes of a filed contact."""

from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, UserId, created_contact_id
from shared.domain.location import Location, User
from shared.domain.message import Origin
from shared.domain.policy import PRESETS
from shared.ports.inbound_mail import Arrival
from shared.ports.store import Put
from shared.usecases.auto_bcc_address import auto_bcc_address
from shared.usecases.capture_mail import capture_mail
from shared.usecases.capturing import Capturing
from shared.usecases.contended import Patience
from shared.usecases.put_user import put_user
from tests.fakes.chance import FakeChance
from tests.unit.inbound import ADA, HERE, World, letter

BOB = "bob@client.example"
DOMAIN, RECEIVER, USER = "in.crm.example", "mx.crm.example", UserId("ada")


class Both:
    """Ada's mailbox is synced, and she has an auto-BCC address."""

    def __init__(self, preset: str = "known_contacts") -> None:
        self.world = World()
        self.world.ports = replace(self.world.ports, capture_domain=DOMAIN)
        patience = Patience(self.world.clock, FakeChance())
        place = Location(HERE, "A place", preset, PRESETS[preset])
        self.world.store.commit([Put(keys.location(HERE), place)])
        put_user(self.world.store, HERE, User(USER, Address(ADA)), patience=patience)
        self.ports = Capturing(self.world.store, self.world.blobs, self.world.topics, patience, DOMAIN)
        own = auto_bcc_address(self.world.store, HERE, USER, domain=DOMAIN, patience=patience)
        assert own
        self.address = own
        self.mail = letter(ADA, BOB, "Offer", Message_ID="<offer@agency.example>")

    def capture(self) -> dict[str, int]:
        judged = f"Authentication-Results: {RECEIVER}; dmarc=pass\n{self.mail}".encode()
        return dict(capture_mail(self.ports, Arrival("one", ADA, (self.address,), judged, RECEIVER)))

    def sync(self) -> None:
        self.world.gmail.deliver(self.mail.replace("To: ", f"Bcc: {self.address}\nTo: ", 1), labels=["SENT"])
        self.world.push()

    def hear_from_bob(self, subject: str = "Hello") -> None:
        self.world.gmail.deliver(letter(BOB, subject=subject))
        self.world.push()

    def count(self, name: str) -> int:
        key = keys.conversation(HERE, ContactId(name))
        found = self.world.store.read(key).value(key)
        return found.message_count if found else 0


@pytest.mark.parametrize("order", [("capture", "sync"), ("sync", "capture")])
def test_F62_R20_R64_in_either_order_it_is_one_message_with_both_sources(order: tuple[str, str]) -> None:
    both = Both()
    both.world.contact("bob", BOB)

    for way in order:
        getattr(both, way)()

    (message,) = both.world.messages()
    assert (list(message.sources), message.filed_by) == ([both.world.mailbox_id], (USER,))
    assert [person.address for person in message.bcc] == [both.address]
    assert message.origin is (Origin.AUTO_BCC if order[0] == "capture" else Origin.GMAIL)
    assert both.count("bob") == 1


def test_R61_gmails_copy_of_a_mail_that_made_its_contact_joins_the_message() -> None:
    both = Both()
    both.world.clock.advance(seconds=1)
    both.capture()

    both.sync()

    (message,) = both.world.messages()
    assert (message.conversation, list(message.sources)) == (created_contact_id(BOB), [both.world.mailbox_id])
    assert both.count(created_contact_id(BOB)) == 1


def test_R62_under_crm_started_mail_with_a_filed_contact_syncs_both_ways() -> None:
    both = Both("crm_started")
    both.world.contact("bob", BOB)
    both.hear_from_bob("Before")
    assert both.world.messages() == []
    both.capture()

    both.hear_from_bob("After")
    both.world.gmail.deliver(letter(ADA, BOB, "And back"), labels=["SENT"])
    both.world.push()

    assert set(both.world.conversation("bob")) == {"Offer", "After", "And back"}


def test_R62_what_one_user_files_brings_nothing_of_another_users_mail() -> None:
    both = Both("crm_started")
    both.world.contact("bob", BOB)
    both.capture()
    mailbox = both.world.mailbox
    links = {HERE: replace(mailbox.links[HERE], user=UserId("grace"))}
    both.world.store.commit([Put(keys.mailbox(mailbox.id), replace(mailbox, links=links))])

    both.hear_from_bob("To Grace")

    assert both.world.conversation("bob") == ["Offer"]


def test_R60_the_address_on_a_synced_mail_is_nobody() -> None:
    both = Both("populate_contacts")
    own = both.address
    both.world.gmail.deliver(letter(ADA, own, "Only to the CRM"), labels=["SENT"])
    both.world.push()

    assert both.world.messages() == []
    assert set(both.world.left_out().values()) == {"R22"}
