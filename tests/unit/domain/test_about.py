"""Which contact a mail from the CRM is about, under the location's settings."""

import pytest

from shared.domain.about import REPLIES_NOT_SYNCED, about
from shared.domain.addresses import Address, Person, address_key
from shared.domain.directory import Directory
from shared.domain.draft import Recipients
from shared.domain.identifiers import ContactId
from shared.domain.location import AddressEntry
from shared.domain.policy import chosen
from tests.unit.domain.test_placement import BOB, CAROL, CONNECTED, ENTRIES, GRACE, contact

HOME = Address("bob@home.example")
KNOWN = {
    **ENTRIES,
    address_key(HOME): AddressEntry(contacts={ContactId("bob"): contact(HOME, created=CONNECTED, primary=False)}),
}


def directory(**settings: object) -> Directory:
    return Directory(KNOWN, chosen("known_contacts", settings))


def to(*addresses: str) -> Recipients:
    return Recipients(tuple(Person("", Address(one)) for one in addresses), (), ())


def test_R15_another_address_of_a_contact_counts_where_all_of_them_do() -> None:
    assert about(to(HOME), directory(), None).conversation is None
    assert about(to(HOME), directory(contact_addresses="all"), None).conversation == "bob"


@pytest.mark.parametrize("settings", [{"internal_domains": ["client.example"]}, {"staff": ["bob+x@client.example"]}])
def test_R21_a_mail_to_staff_is_nobodys_and_its_answers_do_not_sync(settings: dict[str, object]) -> None:
    found = about(to(BOB), directory(**settings), None)
    assert (found.conversation, found.people, found.warnings) == (None, (), (REPLIES_NOT_SYNCED,))


def test_R32_references_only_where_they_are_wanted() -> None:
    assert about(to(BOB, CAROL), directory(), None).referenced_by == ("carol",)
    assert about(to(BOB, CAROL), directory(reference_cc=False), None).referenced_by == ()


def test_R30_the_first_contact_that_is_not_internal_has_it() -> None:
    assert about(to(GRACE, CAROL, BOB), directory(), None).conversation == "carol"
