"""Which contact a mail from the CRM is about, under the location's settings."""

import pytest

from shared.domain.about import REPLIES_NOT_SYNCED, about
from shared.domain.addresses import Address, Person, address_key
from shared.domain.directory import Directory
from shared.domain.draft import Recipients
from shared.domain.exclusions import Exclusions
from shared.domain.identifiers import ContactId
from shared.domain.location import AddressEntry
from shared.domain.policy import chosen
from tests.unit.domain.test_placement import BOB, CAROL, CONNECTED, ENTRIES, GRACE, STRANGER, contact

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
def test_R21_a_contact_who_is_staff_has_the_mail_where_nobody_else_is_one(settings: dict[str, object]) -> None:
    for sent in (to(BOB), to(STRANGER, BOB)):
        found = about(sent, directory(**settings), None)
        assert (found.conversation, found.referenced_by, found.warnings) == ("bob", (), (REPLIES_NOT_SYNCED,))
        assert address_key(BOB) not in found.people


@pytest.mark.parametrize("nobody", [GRACE, "colleague@client.example"])
def test_R21_a_mail_to_staff_who_are_no_contacts_is_nobodys(nobody: str) -> None:
    found = about(to(nobody), directory(internal_domains=["client.example"]), None)
    assert (found.conversation, found.warnings) == (None, (REPLIES_NOT_SYNCED,))


def test_R21_another_contact_goes_before_one_who_is_staff() -> None:
    found = about(to(BOB, CAROL), directory(staff=[BOB]), None)
    assert (found.conversation, found.referenced_by, found.warnings) == ("carol", (), ())


@pytest.mark.parametrize("excluded", [BOB, "client.example"])
def test_R24_answers_from_an_excluded_address_do_not_sync(excluded: str) -> None:
    mine = Exclusions.of([excluded])
    assert about(to(BOB), directory(exclusions=[excluded]), None).warnings == (REPLIES_NOT_SYNCED,)
    assert about(to(CAROL, BOB), directory(), None, mine).warnings == (REPLIES_NOT_SYNCED,)
    assert about(to(BOB), directory(exclusions=["label:client.example"]), None).warnings == ()


def test_R32_references_only_where_they_are_wanted() -> None:
    assert about(to(BOB, CAROL), directory(), None).referenced_by == ("carol",)
    assert about(to(BOB, CAROL), directory(reference_cc=False), None).referenced_by == ()


def test_R30_the_first_contact_that_is_not_internal_has_it() -> None:
    assert about(to(GRACE, CAROL, BOB), directory(), None).conversation == "carol"
