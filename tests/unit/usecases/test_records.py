"""Locations, users and contacts, and the index of addresses that is written with them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain import keys
from shared.domain.address_index import MOST
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.domain.location import AddressEntry, Contact, IndexedContact, User
from shared.domain.message import Conversation
from shared.errors import Rejected
from shared.ports.store import Put, Write
from shared.usecases.delete_contact import delete_contact
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.put_location import put_location
from shared.usecases.put_user import put_user
from tests.unit.usecases.office import ANN, HERE, Office, address

CARL, CARLA = ContactId("carl"), ContactId("carla")


def entry(office: Office, email: str) -> AddressEntry | None:
    key = keys.address(HERE, address(email))
    return office.store.read(key).value(key)


def put(office: Office, contact: ContactId, email: str, **more: object) -> tuple[Contact, bool]:
    draft = ContactDraft(contact, address(email), **more)  # type: ignore[arg-type]
    return put_contact(office.store, HERE, draft, patience=office.patience)


def kept(office: Office, contact: ContactId) -> Contact:
    key = keys.contact(HERE, contact)
    read = office.store.read(key).value(key)
    assert read
    return read


def test_a_location_is_created_then_replaced_and_its_policys_version_grows_with_each_change() -> None:
    office, place = Office(), LocationId("new")

    def said(name: str, **settings: object) -> tuple[str, int, bool]:
        location, new = put_location(
            office.store, place, name=name, preset="known_contacts", settings=settings, patience=office.patience
        )
        return location.name, location.policy_version, new

    assert said("A") == ("A", 1, True)
    assert said("B") == ("B", 1, False)
    assert said("B", daily_limit=10) == ("B", 2, False)
    assert said("B", daily_limit=10) == ("B", 2, False)
    assert said("B") == ("B", 3, False)


def test_r21_a_users_address_is_internal_and_moves_with_it() -> None:
    office = Office()
    assert office.internal("Ann@crm.example") == {"user:ann": "ann@crm.example"}

    new = put_user(office.store, HERE, User(ANN, address("ann.b@crm.example")), patience=office.patience)

    assert not new
    assert office.internal("ann@crm.example") == {}
    assert office.internal("ann.b@crm.example") == {"user:ann": "ann.b@crm.example"}


def test_nobody_joins_a_location_that_is_not_there() -> None:
    office, nowhere = Office(), LocationId("nowhere")

    with pytest.raises(Rejected, match="not_found"):
        put_user(office.store, nowhere, User(ANN, address("ann@crm.example")), patience=office.patience)
    with pytest.raises(Rejected, match="not_found"):
        put_contact(office.store, nowhere, ContactDraft(CARL, address("c@x.example")), patience=office.patience)


def test_a_contact_is_indexed_under_all_its_addresses() -> None:
    office = Office()

    contact, new = put(
        office,
        CARL,
        "carl@x.example",
        other_emails=(address("c@y.example"), address("carl@x.example")),
        name="Carl",
        assigned_to=UserId("ann"),
    )

    assert new
    assert contact.other_emails == ("c@y.example",)
    for email, primary in (("carl@x.example", True), ("c@y.example", False)):
        found = entry(office, email)
        assert found
        assert found.contacts == {
            CARL: IndexedContact(address(email), primary, office.clock.now(), "Carl", UserId("ann"))
        }


def test_a_primary_address_wins_where_gmail_holds_two_of_a_contacts_addresses_to_be_equal() -> None:
    office = Office()

    put(office, CARL, "carl.x@gmail.com", other_emails=(address("carlx@gmail.com"),))

    found = entry(office, "carlx@gmail.com")
    assert found
    assert found.contacts[CARL].address == "carl.x@gmail.com"


def test_r12_a_contact_counts_from_its_creation_and_keeps_the_time_unless_told() -> None:
    office = Office()
    since = office.clock.now()
    put(office, CARL, "carl@x.example")
    office.clock.advance(days=1)

    assert put(office, CARL, "carl@x.example", name="Carl")[0].created_at == since
    given = datetime(2020, 1, 1, tzinfo=UTC)
    assert put(office, CARL, "carl@x.example", created_at=given)[0].created_at == given
    found = entry(office, "carl@x.example")
    assert found
    assert found.contacts[CARL].created_at == given


def test_a_changed_address_leaves_the_old_entry_and_others_in_it_stay() -> None:
    office = Office()
    put(office, CARL, "shared@x.example")
    put(office, CARLA, "shared@x.example")

    contact, new = put(office, CARL, "own@x.example")

    assert (contact.email, new) == ("own@x.example", False)
    old, own = entry(office, "shared@x.example"), entry(office, "own@x.example")
    assert old
    assert own
    assert (set(old.contacts), set(own.contacts)) == ({CARLA}, {CARL})


def test_a_contact_with_a_users_address_stays_beside_the_user() -> None:
    office = Office()

    put(office, CARL, "ann@crm.example")
    delete_contact(office.store, HERE, CARL, patience=office.patience)

    found = entry(office, "ann@crm.example")
    assert found
    assert (found.contacts, set(found.internal)) == ({}, {"user:ann"})


def test_an_address_has_at_most_a_hundred_contacts() -> None:
    office = Office()
    for number in range(MOST):
        put(office, ContactId(f"c{number}"), "info@x.example")

    with pytest.raises(Rejected, match="invalid_request"):
        put(office, CARL, "info@x.example")

    put(office, ContactId("c0"), "info@x.example", name="again")
    assert keys.contact(HERE, CARL).path not in office.store.documents


def test_r39_a_deleted_contact_matches_nothing_and_its_conversation_stays() -> None:
    office = Office()
    put(office, CARL, "carl@x.example")
    office.store.commit([Put(keys.conversation(HERE, CARL), Conversation(CARL, message_count=2))])

    for _ in range(2):
        delete_contact(office.store, HERE, CARL, patience=office.patience)

    assert entry(office, "carl@x.example") is None
    assert kept(office, CARL).deleted_at == office.clock.now()
    assert keys.conversation(HERE, CARL).path in office.store.documents


def test_a_contact_that_comes_back_is_new() -> None:
    office = Office()
    put(office, CARL, "carl@x.example")
    delete_contact(office.store, HERE, CARL, patience=office.patience)
    office.clock.advance(days=1)

    contact, new = put(office, CARL, "carl@x.example")

    assert new
    assert (contact.created_at, contact.deleted_at) == (office.clock.now(), None)
    assert kept(office, CARL) == contact


def unchanged(conversation: Conversation | None) -> Conversation:
    assert conversation
    assert conversation.changed_ms
    return replace(conversation, changed_ms=0)


def test_a_contact_takes_the_place_of_another_with_its_conversation() -> None:
    office = Office()
    put(office, CARL, "carl@x.example", other_emails=(address("c@y.example"),))
    put(office, CARLA, "carla@x.example")
    old, own = keys.conversation(HERE, CARL), keys.conversation(HERE, CARLA)
    office.store.commit([Put(old, Conversation(CARL, "Later", 2_000, message_count=3, unread=2))])
    office.store.commit([Put(own, Conversation(CARLA, "Earlier", 1_000, message_count=1, unread=1))])

    for _ in range(2):
        put(office, CARLA, "carla@x.example", other_emails=(address("c@y.example"),), replaces=CARL)

    reading = office.store.read(old, own)
    assert reading.value(old) is None
    assert unchanged(reading.value(own)) == Conversation(CARLA, "Later", 2_000, message_count=4, unread=3)
    assert kept(office, CARL).deleted_at
    assert entry(office, "carl@x.example") is None
    found = entry(office, "c@y.example")
    assert found
    assert set(found.contacts) == {CARLA}


def test_a_contact_may_replace_one_that_was_deleted_before_or_never_known() -> None:
    office = Office()
    put(office, CARL, "carl@x.example")
    delete_contact(office.store, HERE, CARL, patience=office.patience)
    old = keys.conversation(HERE, CARL)
    office.store.commit([Put(old, Conversation(CARL, "Old", 5, message_count=1))])

    put(office, CARLA, "carla@x.example", replaces=CARL)
    put(office, ContactId("new"), "new@x.example", replaces=ContactId("unknown"))

    own = keys.conversation(HERE, CARLA)
    assert unchanged(office.store.read(own).value(own)) == Conversation(CARLA, "Old", 5, message_count=1)


@pytest.mark.parametrize("there", [(), (ContactId("first"),)])
def test_f40_two_contacts_who_take_an_address_at_once_are_both_in_its_entry(there: tuple[ContactId, ...]) -> None:
    office = Office()
    for contact in there:
        put(office, contact, "shared@x.example")
    raced: list[bool] = []

    def other_first(_: Sequence[Write]) -> None:
        if not raced:
            raced.append(True)
            put(office, CARLA, "shared@x.example")

    office.store.before_commit = other_first

    put(office, CARL, "shared@x.example")

    found = entry(office, "shared@x.example")
    assert found
    assert set(found.contacts) == {*there, CARL, CARLA}
    assert timedelta() < office.clock.slept < timedelta(seconds=1)
