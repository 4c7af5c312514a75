"""Several locations: what the CRM begins stays, what comes from outside is mirrored, and the first reply claims it."""

import pytest

from shared.domain.identifiers import LocationId, MessageId
from shared.errors import Refused, Rejected
from shared.usecases.move_claim import Moving, move_claim
from tests.rules.company import PRESETS, Company
from tests.rules.letters import Letter
from tests.rules.situations import CARL, EVE, company, in_a_thread_of_the_crm
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE

MIRRORING = ("known_contacts", "populate_contacts", "assigned_contacts", "crm_threads")


def both(preset: str = "known_contacts", there: str = "known_contacts") -> Company:
    made = company(preset, assigned=ANN)
    made.policy(there, THERE)
    made.connect(location=THERE)
    made.contact("carl-there", CARL, THERE, assigned_to=ANN)
    return made


def question(made: Company) -> Letter:
    return made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))


def answer(made: Company, name: str = "a", answers: str = "q") -> Letter:
    return made.post(Letter(name, CARL, (ANNS,), subject="Re: Question", thread="t", answers=answers))


def replies(made: Company, to: Letter, location: LocationId = HERE, key: str = "key-1") -> MessageId:
    return made.send(
        CARL, key=key, location=location, reply_to=MessageId(made.shown(to, location).id), subject="Re: Question"
    )


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("there", PRESETS)
def test_R40_what_the_crm_begins_stays_in_its_location_with_its_replies(preset: str, there: str) -> None:
    made = both(preset, there)
    began = in_a_thread_of_the_crm(made)

    made.post(Letter("a1", CARL, (ANNS,), subject="Re: An offer", thread="crm", answers=began.name))
    made.post(Letter("a2", ANNS, (CARL,), subject="Re: An offer", thread="crm", answers="a1"))

    assert made.conversation("carl") == ["An offer", "Re: An offer", "Re: An offer"]
    assert made.messages(THERE) == []


@pytest.mark.parametrize("preset", MIRRORING)
@pytest.mark.parametrize("there", MIRRORING)
def test_R41_a_contacts_mail_shows_in_both_locations(preset: str, there: str) -> None:
    made = both(preset, there)

    asked = question(made)

    assert (made.fate(asked), made.fate(asked, THERE)) == ("carl by R12", "carl-there by R12")


@pytest.mark.parametrize("preset", MIRRORING)
@pytest.mark.parametrize("there", MIRRORING)
def test_R42_the_first_reply_claims_the_thread_where_mirroring_ends_with_it(preset: str, there: str) -> None:
    made = both(preset, there)
    asked = question(made)

    replies(made, asked)
    later = answer(made)

    assert made.fate(later) == "carl by R11"
    assert made.fate(later, THERE) == ("carl-there by R11" if there == "assigned_contacts" else "out by R42")
    with pytest.raises(Rejected) as refused:
        replies(made, asked, THERE, "key-2")
    assert refused.value.code == "thread_claimed"
    assert made.conversation("carl-there", THERE)[0] == "Question"


def test_R42_the_claim_is_made_when_the_reply_is_accepted() -> None:
    made = both()
    asked = question(made)
    mail = {"to": [{"address": CARL}], "subject": "Re: Question", "text": "T"}

    made.asks_to_send({**mail, "reply_to": made.shown(asked).id}, key="key-1")

    with pytest.raises(Rejected, match="thread_claimed"):
        made.asks_to_send({**mail, "reply_to": made.shown(asked, THERE).id}, key="key-2", location=THERE)


def test_R42_R56_a_claim_ends_if_its_send_fails() -> None:
    made = both()
    asked = question(made)

    def refuse(call: str) -> None:
        raise Refused("invalidArgument", "Gmail refused the request (400).")

    made.mailboxes.sender(made.mailbox()).before = refuse
    replies(made, asked)
    later = answer(made)

    assert (made.fate(later), made.fate(later, THERE)) == ("carl by R11", "carl-there by R11")


def test_R42_its_user_moves_and_releases_a_claim_and_nobody_else_does() -> None:
    made = both()
    asked = question(made)
    replies(made, asked)
    everywhere = frozenset({HERE, THERE})

    def move(to: LocationId | None, user: str = ANN, locations: frozenset[LocationId] = everywhere) -> None:
        asked_for = Moving(HERE, BOB if user == BOB else ANN, made.shown(asked).id, to, locations)
        move_claim(asked_for, store=made.store, topics=made.topics, patience=made.patience)

    for user, locations in ((BOB, everywhere), (ANN, frozenset({HERE}))):
        with pytest.raises(Rejected):
            move(THERE, user, locations)
    move(THERE)
    moved = answer(made, "a1")
    assert (made.fate(moved), made.fate(moved, THERE)) == ("out by R42", "carl-there by R11")
    move(None)
    free = answer(made, "a2")
    assert (made.fate(free), made.fate(free, THERE)) == ("carl by R11", "carl-there by R11")


def test_R42_a_reply_from_gmail_claims_nothing() -> None:
    made = both()
    question(made)

    made.post(Letter("a1", ANNS, (CARL,), subject="Re: Question", thread="t", answers="q"))
    later = answer(made, "a2", "a1")

    assert (made.fate(later), made.fate(later, THERE)) == ("carl by R11", "carl-there by R11")


def test_R41_a_location_without_the_contact_sees_nothing_of_it() -> None:
    made = company("known_contacts")
    made.connect(location=THERE)

    asked = question(made)

    assert (made.fate(asked), made.fate(asked, THERE)) == ("carl by R12", "out by R23")


def test_R35_R42_a_forged_mail_claims_nothing() -> None:
    made = both()
    made.post(Letter("f", EVE, (ANNS,), subject="Question", thread="t", forged=True))

    assert made.fate(question(made), THERE) == "carl-there by R12"
