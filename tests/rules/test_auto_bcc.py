"""Auto-BCC: what files a mail, whom it makes a contact, and what syncs from then on."""

from datetime import timedelta

import pytest

from shared.domain.message import Direction, Origin
from shared.usecases.auto_bcc_address import rotate_auto_bcc
from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, EVE, company
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

CRM = "ann@crm.example"


def created(made: Company, email: str = EVE) -> str:
    (name,) = [one.id for one in made.contacts().values() if one.email == email]
    return name


@pytest.mark.parametrize("preset", PRESETS)
def test_R60_R61_a_filed_mail_makes_its_contact_and_conversation_without_any_connection(preset: str) -> None:
    made = Company(preset, connected=False)

    assert made.files(Letter("f", CRM, (EVE, "fay@elsewhere.example"), ("gus@elsewhere.example",)))["filed"] == 1

    (message,) = made.messages()
    assert {one.email for one in made.contacts().values()} == {EVE}
    assert (message.conversation, message.direction, message.origin) == (
        created(made),
        Direction.OUTBOUND,
        Origin.AUTO_BCC,
    )


def test_R60_each_user_has_an_address_of_their_own_per_location_and_can_change_it() -> None:
    made = company("known_contacts")
    addresses = {made.capture_address(user, place) for user in (ANN, BOB) for place in (HERE, THERE)}
    old = made.capture_address()

    rotate_auto_bcc(made.store, HERE, ANN, patience=made.patience)

    assert len(addresses) == 4
    assert made.capture_address() not in addresses
    assert "filed" not in made.files(Letter("f", CRM, (EVE,)), old)
    assert made.messages() == []


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_R60_R64_in_any_field_the_address_files_and_shows_in_bcc(field: str) -> None:
    made = company("known_contacts")
    own = made.capture_address()
    people = {"to": (CARL,), **({field: (own,)} if field != "to" else {"to": (own, CARL)})}

    made.files(Letter("f", CRM, **people))  # type: ignore[arg-type]

    (message,) = made.messages()
    assert message.conversation == "carl"
    assert own in [one.address for one in message.bcc]


@pytest.mark.parametrize("preset", PRESETS)
def test_R61_a_contact_that_there_is_gets_the_mail(preset: str) -> None:
    made = company(preset)

    made.files(Letter("f", CRM, ("bob@crm.example", CARL)))

    assert made.conversation("carl") == ["Hello"]
    assert set(made.contacts()) == {"carl", "dora", "crew"}


@pytest.mark.parametrize("preset", PRESETS)
def test_R62_after_filing_mail_with_the_contact_syncs_both_ways_whatever_the_policy(preset: str) -> None:
    made = company(preset, contact_creation="auto_bcc")
    made.files(Letter("f", CRM, (EVE,), subject="Filed"))

    came = made.post(Letter("in", EVE, (ANNS,), subject="In"))
    went = made.post(Letter("out", ANNS, (EVE,), subject="Out"))

    assert made.conversation(created(made)) == ["Filed", "In", "Out"]
    assert "out" not in {made.fate(came).partition(" ")[0], made.fate(went).partition(" ")[0]}


@pytest.mark.parametrize("preset", ["assigned_contacts", "crm_started", "privacy_first"])
def test_R62_it_is_the_user_who_filed_whose_mail_syncs(preset: str) -> None:
    made = company(preset)
    made.files(Letter("f", "bob@crm.example", (CARL,), subject="Filed"), made.capture_address(BOB))

    assert made.fate(made.post(Letter("in", CARL, (ANNS,)))) == "out by R12"


@pytest.mark.parametrize("preset", PRESETS)
def test_R20_R60_a_filed_mail_that_gmail_brings_too_is_one_message(preset: str) -> None:
    made = company(preset)
    letter = Letter("f", ANNS, (CARL,), subject="Filed", at=BEGIN + timedelta(minutes=1))

    made.files(letter)
    made.post(letter)

    assert made.conversation("carl") == ["Filed"]


@pytest.mark.parametrize("proof", ["dmarc=fail", "dmarc=none", "spf=pass"])
def test_R63_mail_that_is_not_proved_is_held_and_shown_to_its_user_alone(proof: str) -> None:
    made = company("known_contacts")

    made.files(Letter("f", CRM, (EVE,)), proof=proof)

    assert made.messages() == []
    assert EVE not in {one.email for one in made.contacts().values()}
    assert len(made.held()) == 1
    assert made.held(BOB) == []


def test_R63_mail_of_somebody_else_is_held_however_well_it_is_proved() -> None:
    made = company("known_contacts")

    made.files(Letter("f", "mallory@evil.example", (EVE,)))

    assert made.messages() == []
    assert len(made.held()) == 1


def test_R63_where_nobody_may_be_created_mail_to_a_stranger_is_held() -> None:
    made = company("known_contacts", contact_creation="never")

    made.files(Letter("f", CRM, (EVE,)))

    assert made.messages() == []
    assert len(made.held()) == 1


def test_R65_what_is_known_unknown_held_and_filed_is_answered_alike() -> None:
    """The receiver gets no error for any of them, so that no sender's server is told of a failed delivery."""
    made = company("known_contacts")

    outcomes = [
        made.files(Letter("known", CRM, (CARL,))),
        made.files(Letter("held", "mallory@evil.example", (CARL,))),
        made.files(Letter("nobody", CRM, (CARL,)), f"{'a' * 32}@in.crm.example"),
        made.files(Letter("strange", CRM, (CARL,)), "postmaster@in.crm.example"),
        made.files(Letter("again", CRM, (CARL,))),
        made.files(Letter("again", CRM, (CARL,))),
    ]

    assert all(isinstance(one, dict) for one in outcomes)
    assert made.conversation("carl") == ["Hello", "Hello"]


@pytest.mark.parametrize("headers", [{"Auto-Submitted": "auto-replied"}, {"List-Id": "<news.example>"}])
def test_R57_R61_machines_make_no_contacts(headers: dict[str, str]) -> None:
    made = company("known_contacts")

    made.files(Letter("f", CRM, (EVE,), headers=headers))

    assert set(made.contacts()) == {"carl", "dora", "crew"}
