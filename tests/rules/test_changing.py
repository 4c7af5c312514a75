"""Changing and ending: disconnect, another account, and what is removed."""

import pytest

from shared.domain import keys
from shared.domain.connection import Intent
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.message import Status
from shared.errors import Transient
from shared.usecases.delete_contact import delete_contact
from shared.usecases.delete_location import delete_location
from shared.usecases.delete_user import delete_user
from tests.rules.company import PRESETS, Company
from tests.rules.letters import Letter
from tests.rules.situations import CARL, company, in_a_thread_of_the_crm
from tests.unit.usecases.office import ANN, ANNS, HERE, THERE

NEW = "ann@agency.example"
REPLY = {"subject": "Re: An offer", "thread": "crm"}


def fresh(preset: str = "known_contacts") -> Company:
    made = company(preset, assigned=ANN)
    made.account(NEW)
    return made


def gone(made: Company, how: str, location: LocationId = HERE) -> None:
    """The end of Ann's connection, one way or another."""
    ports = {"store": made.store, "google": made.google, "topics": made.topics, "patience": made.patience}
    by = UserId("admin")
    match how:
        case "disconnect":
            made.disconnect(location=location)
        case "user":
            delete_user(location, ANN, by=by, **ports)  # type: ignore[arg-type]
        case _:
            delete_location(location, by=by, **ports)  # type: ignore[arg-type]


WAYS = ("disconnect", "user", "location")


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("preset", PRESETS)
def test_R36_R39_nothing_syncs_after_the_end_not_even_replies_and_what_there_is_stays(preset: str, how: str) -> None:
    made = fresh(preset)
    began = in_a_thread_of_the_crm(made)

    gone(made, how)
    made.post(Letter("a", CARL, (ANNS,), answers=began.name, **REPLY))  # type: ignore[arg-type]
    made.drain()

    assert made.conversation("carl") == ["An offer"]
    assert len(made.gmail.mails) == 2
    assert made.mailbox().grant is None
    assert made.grants.revoked == [ANNS]


@pytest.mark.parametrize("how", WAYS)
def test_R36_R39_mail_that_is_being_fetched_is_not_stored(how: str) -> None:
    made = fresh()
    ended: list[str] = []

    def end(call: str, _: str) -> None:
        if call == "full" and not ended:
            ended.append(how)
            gone(made, how)

    made.gmail.fail = end
    try:
        made.post(Letter("m", CARL, (ANNS,)))
    except Transient:
        made.sync()

    assert ended
    assert made.messages() == []


@pytest.mark.parametrize("how", WAYS)
def test_R39_a_send_that_waits_fails_as_disconnected(how: str) -> None:
    made = fresh()
    mail = {"to": [{"address": CARL}], "subject": "S", "text": "T"}
    accepted = made.asks_to_send(mail, key="key-1")

    gone(made, how)
    made.topics.delivered.append(accepted.id)
    made.drain()

    message = made.message(accepted.id)
    assert message
    assert message.failure
    assert (message.status, message.failure.code) == (Status.FAILED, "disconnected")
    assert not made.gmail.mails


def test_R39_a_deleted_contact_matches_nothing_and_its_mail_stays() -> None:
    made = fresh()
    made.post(Letter("m1", CARL, (ANNS,)))

    delete_contact(made.store, HERE, made.contact("carl", CARL), patience=made.patience)
    later = made.post(Letter("m2", CARL, (ANNS,)))

    assert made.fate(later) == "out by R23"
    assert made.conversation("carl") == ["Hello"]


@pytest.mark.parametrize("preset", PRESETS)
def test_R37_from_the_switch_on_the_old_address_is_silent_and_the_new_one_syncs(preset: str) -> None:
    made = fresh(preset)
    began = in_a_thread_of_the_crm(made)
    made.clock.advance(minutes=1)

    made.connect(NEW, intent=Intent.UPDATE)
    old = made.post(Letter("a", CARL, (ANNS,), answers=began.name, **REPLY))  # type: ignore[arg-type]
    name = made.send(CARL, key="key-2", subject="From the new one")

    assert made.fate(old) == "unseen"
    assert made.conversation("carl") == ["An offer", "From the new one"]
    message = made.message(name)
    assert message
    assert message.sender
    assert message.sender.address == NEW
    assert made.status().address == NEW
    answer = Letter("b", CARL, (NEW,), subject="Re: An offer", answers=began.name)
    assert made.fate(made.post(answer), HERE, NEW) in {"carl by R11", "carl by R12"} or preset in {
        "crm_started",
        "privacy_first",
    }


def test_R37_a_switch_that_fails_leaves_the_old_account_at_work() -> None:
    made = fresh()
    from shared.domain.connection import SCOPES

    assert made.consented(NEW, intent=Intent.UPDATE, scopes=SCOPES[:3])["error"] == "insufficient_permission"

    assert made.status().address == ANNS
    assert made.fate(made.post(Letter("m", CARL, (ANNS,)))) == "carl by R12"


@pytest.mark.parametrize("preset", PRESETS)
def test_R38_a_reply_to_the_old_accounts_thread_leaves_the_new_one_as_a_new_thread(preset: str) -> None:
    made = fresh(preset)
    began = in_a_thread_of_the_crm(made)
    reply = made.post(Letter("a", CARL, (ANNS,), answers=began.name, **REPLY))  # type: ignore[arg-type]
    made.clock.advance(minutes=1)
    made.connect(NEW, intent=Intent.UPDATE)

    name = made.send(CARL, key="key-2", reply_to=MessageId(made.shown(reply).id), subject="Re: An offer")

    (sent,) = made.mailboxes.accounts[NEW].mails.values()
    assert reply.message_id in sent.raw
    assert f"<{began.name}@mail.example>" in sent.raw.partition("References:")[2]
    message = made.message(name)
    assert message
    assert (message.conversation, message.status) == ("carl", Status.SENT)


@pytest.mark.parametrize("how", WAYS)
def test_R39_R42_a_claim_ends_with_its_connection(how: str) -> None:
    made = fresh()
    made.connect(location=THERE)
    made.contact("carl-there", CARL, THERE)
    question = made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))
    made.send(CARL, reply_to=MessageId(made.shown(question).id), subject="Re: Question")
    claimed = made.post(Letter("a1", CARL, (ANNS,), subject="Re: Question", thread="t", answers="q"))
    assert made.fate(claimed, THERE) == "out by R42"

    gone(made, how)
    freed = made.post(Letter("a2", CARL, (ANNS,), subject="Re: Question", thread="t", answers="q"))

    assert made.fate(freed, THERE) == "carl-there by R11"


def test_R36_disconnecting_twice_is_disconnecting_once() -> None:
    made = fresh()
    made.disconnect()
    made.disconnect()

    assert made.status().state == "disconnected"
    assert made.events("connection.disconnected") == ["connection.disconnected"]
    key = keys.mailbox(made.mailbox().id)
    assert made.store.read(key).value(key)
