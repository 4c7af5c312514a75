"""The order of decision, step by step, under the default preset; `test_placement_settings` has the other settings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.addresses import Address, address_key
from shared.domain.headers import Headers
from shared.domain.identifiers import ContactId, GmailId, LocationId, MailboxId, MessageId, ThreadId, UserId
from shared.domain.location import AddressEntry, IndexedContact
from shared.domain.mail import Mail, read_mail
from shared.domain.mailbox import Link
from shared.domain.message import Message, Thread
from shared.domain.placement import Placement, View, place
from shared.domain.policy import Policy

HERE = LocationId("here")
CONNECTED = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = CONNECTED + timedelta(hours=1)
ADA, GRACE = Address("ada@agency.example"), Address("grace@agency.example")
BOB, CAROL, STRANGER = Address("bob@client.example"), Address("carol@client.example"), Address("eve@other.example")


def contact(address: Address, *, created: datetime = CONNECTED, primary: bool = True) -> IndexedContact:
    return IndexedContact(address=address, primary=primary, created_at=created)


ENTRIES = {
    address_key(ADA): AddressEntry(internal={"user:ada": ADA, "mailbox:m": ADA}),
    address_key(GRACE): AddressEntry(internal={"user:grace": GRACE}),
    address_key(BOB): AddressEntry(contacts={ContactId("bob"): contact(BOB)}),
    address_key(CAROL): AddressEntry(contacts={ContactId("carol"): contact(CAROL)}),
}


def view(**changes: object) -> View:
    link = Link(UserId("ada"), CONNECTED, 1)
    plain = View(location=HERE, policy=Policy(), policy_version=1, link=link, entries=ENTRIES)
    return replace(plain, **changes)  # type: ignore[arg-type]


def mail(sender: str, to: str = ADA, *, cc: str = "", labels: str = "INBOX UNREAD", at: datetime = LATER) -> Mail:
    fields = [("From", sender), ("To", to), ("Cc", cc), ("Subject", "Hello"), ("Message-ID", "<1@x.example>")]
    return read_mail(
        gmail_id=GmailId("g"),
        thread_id=ThreadId("t"),
        labels=frozenset(labels.split()),
        internal_at=at,
        history_id=9,
        headers=Headers(tuple((name, value) for name, value in fields if value)),
    )


def pinned(to: str, *known: Address) -> Thread:
    return Thread(ThreadId("t"), pins={HERE: ContactId(to)}, people={HERE: tuple(map(address_key, known))})


def outcome(placed: Placement) -> tuple[str, str | None]:
    return placed.rule, placed.conversation


def test_R12_inbound_mail_of_a_contact_goes_to_the_contact() -> None:
    assert outcome(place(mail(BOB), view())) == ("R12", "bob")


def test_R12_mail_from_before_the_contact_was_one_stays_out() -> None:
    young = {
        **ENTRIES,
        address_key(BOB): AddressEntry(contacts={ContactId("bob"): contact(BOB, created=LATER + timedelta(days=1))}),
    }
    assert outcome(place(mail(BOB), view(entries=young))) == ("R12", None)


@pytest.mark.parametrize("label", ["SPAM", "TRASH", "DRAFT", "CHAT"])
def test_R19_spam_trash_drafts_and_chats_stay_out(label: str) -> None:
    assert outcome(place(mail(BOB, labels=label), view())) == ("R19", None)


def test_R05_mail_from_before_the_connection_stays_out_even_in_a_thread_that_goes_on() -> None:
    before = CONNECTED - timedelta(seconds=1)
    assert outcome(place(mail(BOB, at=before), view(thread=pinned("bob", BOB)))) == ("R05", None)


def test_R05_mail_of_the_very_second_of_the_connection_is_in() -> None:
    link = Link(UserId("ada"), CONNECTED + timedelta(milliseconds=900), 1)
    assert place(mail(BOB, at=CONNECTED), view(link=link)).conversation == "bob"


@pytest.mark.parametrize(
    "sender", ["", "bob@client.example <eve@other.example>", "bob@client.example, eve@other.example"]
)
def test_R35_a_sender_beyond_doubt_or_none(sender: str) -> None:
    assert outcome(place(mail(sender), view())) == ("R35", None)


def test_R21_an_internal_address_is_never_a_contact() -> None:
    both = {
        **ENTRIES,
        address_key(GRACE): AddressEntry(contacts={ContactId("g"): contact(GRACE)}, internal={"user:g": GRACE}),
    }
    assert outcome(place(mail(GRACE), view(entries=both))) == ("R22", None)


def test_R22_a_colleague_stays_out_also_under_a_form_of_the_address_that_only_gmail_equates() -> None:
    assert outcome(place(mail("grace+crm@agency.example"), view())) == ("R22", None)


def test_R22_a_colleagues_mail_with_a_contact_in_it_is_left_to_the_colleagues_own_mailbox() -> None:
    assert outcome(place(mail(GRACE, f"{BOB}, {ADA}"), view())) == ("R22", None)


def test_R23_a_stranger_stays_out_also_with_a_contact_in_copy() -> None:
    assert outcome(place(mail(STRANGER), view())) == ("R23", None)
    assert outcome(place(mail(STRANGER, cc=BOB), view())) == ("R23", None)


def test_R13_R30_the_first_contact_in_to_owns_sent_mail_and_the_others_get_a_reference() -> None:
    placed = place(mail(ADA, f"{STRANGER}, {CAROL}, {BOB}", labels="SENT"), view())
    assert outcome(placed) == ("R13", "carol")
    assert placed.references == ("bob",)


def test_R32_a_contact_in_copy_owns_sent_mail_only_if_nobody_in_to_is_a_contact() -> None:
    assert place(mail(ADA, STRANGER, cc=BOB, labels="SENT"), view()).conversation == "bob"
    assert place(mail(ADA, CAROL, cc=BOB, labels="SENT"), view()).conversation == "carol"


def test_R34_a_from_that_claims_to_be_the_user_is_not_outbound() -> None:
    assert outcome(place(mail(ADA, BOB), view())) == ("R22", None)


def test_R16_a_contact_who_writes_to_somebody_else_with_the_user_hidden_is_logged() -> None:
    assert outcome(place(mail(BOB, STRANGER), view())) == ("R12", "bob")


def test_R15_only_the_primary_address_matches() -> None:
    other = {**ENTRIES, address_key(BOB): AddressEntry(contacts={ContactId("bob"): contact(BOB, primary=False)})}
    assert outcome(place(mail(BOB), view(entries=other))) == ("R23", None)


def test_R31_of_several_contacts_with_one_address_the_oldest_has_the_mail() -> None:
    older = contact(BOB, created=CONNECTED - timedelta(days=9))
    twins = AddressEntry(contacts={ContactId("a"): contact(BOB), ContactId("z"): older, ContactId("b"): contact(BOB)})
    placed = place(mail(BOB), view(entries={**ENTRIES, address_key(BOB): twins}))
    assert placed.conversation == "z"
    assert placed.ambiguous == ("a", "b")


def test_R11_R30_later_mail_of_a_thread_stays_in_its_conversation() -> None:
    assert outcome(place(mail(CAROL, cc=BOB), view(thread=pinned("bob", BOB)))) == ("R11", "bob")
    assert outcome(place(mail(STRANGER, cc=BOB), view(thread=pinned("bob", BOB)))) == ("R11", "bob")


def test_R25_later_mail_of_a_thread_without_the_contact_and_with_new_people_stays_out() -> None:
    assert outcome(place(mail(STRANGER), view(thread=pinned("bob", BOB)))) == ("R23", None)


def test_R25_known_people_of_the_thread_may_go_on_without_the_contact() -> None:
    placed = place(mail(STRANGER), view(thread=pinned("bob", BOB, STRANGER)))
    assert outcome(placed) == ("R11", "bob")
    assert not placed.present


def test_R33_a_forward_to_another_contact_is_that_contacts() -> None:
    placed = place(mail(ADA, CAROL, labels="SENT"), view(thread=pinned("bob", BOB)))
    assert outcome(placed) == ("R13", "carol")


def test_R42_a_thread_that_another_location_claimed_stays_there() -> None:
    claimed = replace(pinned("bob", BOB), claimed_by=LocationId("there"))
    assert outcome(place(mail(BOB), view(thread=claimed))) == ("R42", None)


def answered(*to: Address) -> Message:
    people = tuple(read_mail_person(address) for address in to)
    return Message(MessageId("m"), conversation=ContactId("bob"), to=people, sources={MailboxId("m"): None})  # type: ignore[dict-item]


def read_mail_person(address: Address):  # type: ignore[no-untyped-def]
    return mail(address).sender


def test_R11_a_reply_under_another_subject_joins_if_its_sender_was_on_the_mail_that_it_answers() -> None:
    assert outcome(place(mail(CAROL), view(replied_to=answered(BOB, CAROL)))) == ("R11", "bob")


def test_R35_who_merely_names_a_known_mail_does_not_get_into_its_conversation() -> None:
    assert outcome(place(mail(STRANGER, cc=BOB), view(replied_to=answered(BOB, CAROL)))) == ("R23", None)
