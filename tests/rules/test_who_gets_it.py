"""Who gets it: the owner of a conversation, references, doubles, and senders that prove nothing."""

from datetime import timedelta

import pytest

from shared.domain.message import Authenticated, Direction
from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.rules.situations import CARL, DORA, EVE, SALES, answering, company, in_a_thread_of_the_crm
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE

BOBS = "bob@gmail.com"
GMAIL_BEGUN = ("known_contacts", "populate_contacts", "assigned_contacts")


@pytest.mark.parametrize(
    ("to", "cc", "bcc", "owner", "references"),
    [
        ((CARL, DORA), (), (), "carl", {"dora"}),
        ((DORA, CARL), (), (), "dora", {"carl"}),
        ((EVE, CARL), (DORA,), (), "carl", {"dora"}),
        ((EVE,), (DORA, CARL), (), "dora", {"carl"}),
        ((EVE,), (), (CARL, DORA), "carl", {"dora"}),
        ((EVE,), (CARL,), (DORA,), "carl", {"dora"}),
        (("bob@crm.example", DORA), (CARL,), (), "dora", {"carl"}),
    ],
)
@pytest.mark.parametrize("preset", GMAIL_BEGUN)
def test_R30_R32_the_first_contact_owns_sent_mail_and_the_others_are_referred_to(
    preset: str, to: tuple[str, ...], cc: tuple[str, ...], bcc: tuple[str, ...], owner: str, references: set[str]
) -> None:
    made = company(preset, contact_creation="auto_bcc")

    message = made.shown(made.post(Letter("m", ANNS, to, cc, bcc)))

    assert (message.conversation, set(message.referenced_by)) == (owner, references)
    assert message.direction is Direction.OUTBOUND


@pytest.mark.parametrize(
    ("to", "cc", "owner"), [([CARL, DORA], [], "carl"), ([EVE, DORA], [CARL], "dora"), ([EVE], [CARL], "carl")]
)
@pytest.mark.parametrize("preset", PRESETS)
def test_R30_R32_a_crm_send_to_several_people_is_the_first_contacts(
    preset: str, to: list[str], cc: list[str], owner: str
) -> None:
    made = company(preset)

    mail = {"to": [{"address": one} for one in to], "cc": [{"address": one} for one in cc], "subject": "S", "text": "T"}

    assert made.asks_to_send(mail, key="key-1").conversation == owner


@pytest.mark.parametrize("preset", PRESETS)
def test_R30_the_thread_stays_with_its_owner_whoever_writes(preset: str) -> None:
    made = company(preset, assigned=ANN)
    began = in_a_thread_of_the_crm(made)
    for number, (sender, cc) in enumerate([(DORA, CARL), (CARL, DORA), (DORA, CARL)]):
        subject = "Re: An offer"
        made.post(Letter(f"a{number}", sender, (ANNS,), (cc,), subject=subject, thread="crm", answers=began.name))

    assert {one.conversation for one in made.messages()} == {"carl"}
    assert len(made.messages()) == 4


@pytest.mark.parametrize("preset", PRESETS)
def test_R31_of_contacts_with_one_address_the_oldest_counts_and_the_others_are_named(preset: str) -> None:
    made = company(preset)
    for name, age in (("young", 1), ("old", 9), ("older-b", 20), ("older-a", 20)):
        made.contact(name, "twin@customer.example", assigned_to=ANN, created_at=BEGIN - timedelta(days=age))

    mail = {"to": [{"address": "twin@customer.example"}], "subject": "S", "text": "T"}
    accepted = made.asks_to_send(mail, key="key-1")
    message = made.message(accepted.id)

    assert message
    assert (message.conversation, message.ambiguous) == ("older-a", ("older-b", "old", "young"))
    letter = made.post(Letter("m", "twin@customer.example", (ANNS,)))
    if "out by" not in made.fate(letter):
        assert (made.shown(letter).conversation, made.shown(letter).ambiguous) == (
            "older-a",
            ("older-b", "old", "young"),
        )


@pytest.mark.parametrize("preset", PRESETS)
def test_R32_nobody_in_copy_is_ever_made_a_contact(preset: str) -> None:
    made = company(preset)
    before = set(made.contacts())
    for number, sender in enumerate((CARL, ANNS)):
        to = (ANNS,) if sender == CARL else (CARL,)
        made.post(Letter(f"m{number}", sender, to, (EVE, "fay@elsewhere.example"), ("gus@elsewhere.example",)))

    assert set(made.contacts()) == before


def test_R32_people_in_copy_are_shown_on_the_message() -> None:
    made = company("known_contacts")

    message = made.shown(made.post(Letter("m", ANNS, (CARL,), (EVE,), ("gus@elsewhere.example",))))

    assert [one.address for one in message.cc] == [EVE]
    assert [one.address for one in message.bcc] == ["gus@elsewhere.example"]


def test_R32_references_can_be_turned_off() -> None:
    made = company("known_contacts", reference_cc=False)

    assert made.shown(made.post(Letter("m", ANNS, (CARL, DORA)))).referenced_by == ()


@pytest.mark.parametrize("subject", ["Fwd: Question", "Question", "Something else"])
@pytest.mark.parametrize("preset", GMAIL_BEGUN)
def test_R33_a_forward_is_the_mail_of_whom_it_goes_to(preset: str, subject: str) -> None:
    made = company(preset, assigned=ANN)
    made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))

    forward = made.post(Letter("f", ANNS, (DORA,), subject=subject, thread="t"))

    assert made.fate(forward) == "dora by R13"
    assert made.conversation("carl") == ["Question"]


def test_R34_mail_from_an_alias_is_the_users_own() -> None:
    made = company("known_contacts")

    message = made.shown(made.post(Letter("m", SALES, (CARL,))))

    assert (message.conversation, message.direction) == ("carl", Direction.OUTBOUND)


@pytest.mark.parametrize("preset", PRESETS)
def test_R34_a_from_that_says_it_is_the_user_is_not_sent_mail(preset: str) -> None:
    made = company(preset, assigned=ANN)

    letter = made.post(Letter("m", ANNS, (CARL, "bob@crm.example"), (SALES,), forged=True))

    assert made.fate(letter) == "out by R22"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nobody",
        f"{CARL}, {DORA}",
        f"{CARL} <{EVE}>",
        f'"{CARL}" <{EVE}>',
        f"<{CARL}> <{EVE}>",
        f"Team: {CARL};",
    ],
)
@pytest.mark.parametrize("preset", PRESETS)
def test_R35_a_sender_in_doubt_matches_nobody(preset: str, raw: str) -> None:
    made = company(preset, assigned=ANN)

    letter = made.post(Letter("m", "x@nowhere.example", (ANNS,), raw_from=raw or " "))

    assert made.fate(letter) == "out by R35"
    assert made.bodies_asked() == set()


def test_R35_the_same_address_twice_is_no_doubt() -> None:
    made = company("known_contacts")

    assert made.fate(made.post(Letter("m", CARL, (ANNS,), raw_from=f'"{CARL}" <{CARL}>'))) == "carl by R12"


@pytest.mark.parametrize("preset", ["known_contacts", "populate_contacts"])
def test_R35_a_failed_proof_is_placed_and_marked_and_leads_nobody_anywhere(preset: str) -> None:
    made = company(preset)
    forged = made.post(Letter("f", CARL, (ANNS,), subject="Pay here", thread="t", forged=True))
    stranger = made.post(Letter("s", EVE, (ANNS,), forged=True))

    answer = made.post(
        Letter("a", "zed@elsewhere.example", (ANNS,), subject="Pay here", thread="t", headers={"List-Id": "<l>"})
    )

    assert made.shown(forged).authenticated is Authenticated.FAIL
    assert made.fate(stranger) == "out by R23"
    assert made.fate(answer) == "out by R23"


@pytest.mark.parametrize("address", ["CARL@Customer.Example", "carl@CUSTOMER.example"])
def test_R35_case_is_no_difference(address: str) -> None:
    made = company("known_contacts")

    assert made.fate(made.post(Letter("m", address, (ANNS,)))) == "carl by R12"


@pytest.mark.parametrize("address", ["carl+x@customer.example", "c.arl@customer.example", "carl@customer.example.org"])
def test_R35_contacts_match_to_the_letter(address: str) -> None:
    made = company("known_contacts")

    assert made.fate(made.post(Letter("m", address, (ANNS,)))) == "out by R23"


def test_R35_international_domains_are_one_in_both_forms() -> None:
    made = Company()
    made.contact("jo", "jo@b\u00fccher.example")

    assert made.fate(made.post(Letter("m", "jo@xn--bcher-kva.example", (ANNS,)))) == "jo by R12"


def test_R30_R20_two_users_on_one_mail_leave_it_in_one_conversation() -> None:
    made = company("known_contacts")
    made.connect(BOBS, user=BOB)

    letter = made.post(Letter("m", ANNS, (CARL, BOBS), (DORA,)))

    (message,) = made.messages()
    assert message.conversation == "carl"
    assert made.fate(letter, HERE, BOBS) in {"out by R22", "carl by R13"}


@pytest.mark.parametrize("preset", PRESETS)
def test_R30_a_stranger_who_was_asked_is_part_of_the_thread_unless_the_location_says_no(preset: str) -> None:
    made = company(preset)

    letter = made.post(answering(made, EVE, ANNS, CARL))

    assert (made.fate(letter) == "carl by R11") is (preset != "crm_threads")
