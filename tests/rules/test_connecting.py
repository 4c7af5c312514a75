"""Connecting: who may, with what, since when mail counts, and what a lost grant does."""

from datetime import timedelta

import pytest

from shared.domain.connection import SCOPES, Intent
from shared.errors import Rejected, Remedy
from tests.rules.company import PRESETS, Company
from tests.rules.letters import BEGIN, Letter
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, id_of

CARL = "carl@customer.example"
BOBS = "bob@gmail.com"


def refusal(happens: object) -> str:
    """The code that a call is refused with."""
    assert callable(happens)
    with pytest.raises(Rejected) as refused:
        happens()
    return refused.value.code


def test_R01_a_connection_is_its_users_and_in_its_location_alone() -> None:
    company = Company()

    assert company.status().state == "connected"
    assert company.status(user=BOB).state == "none"
    assert company.status(location=THERE).state == "none"


def test_R01_a_consent_that_one_user_began_is_of_no_use_to_another() -> None:
    company = Company(connected=False)
    code = company.consented()["connect_code"]

    assert refusal(lambda: company.complete(code, user=BOB)) == "not_found"
    assert refusal(lambda: company.complete(code, location=THERE)) == "not_found"
    assert company.complete(code).status.state == "connected"


def test_R01_one_users_connection_brings_in_no_mail_of_another() -> None:
    company = Company()
    company.account(BOBS)
    company.contact("carl", CARL)

    company.post(Letter("to-bob", CARL, (BOBS,)))

    assert company.messages() == []


@pytest.mark.parametrize(("domain", "limit"), [(None, 500), ("agency.example", 2_000)])
def test_R02_R54_workspace_and_consumer_accounts_differ_in_their_limit_alone(domain: str | None, limit: int) -> None:
    company = Company(connected=False)
    company.contact("carl", CARL)

    company.connect(hosted_domain=domain)

    sends = company.status().sends
    assert sends
    assert (sends.limit, sends.left) == (limit, limit)
    assert company.fate(company.post(Letter("m", CARL, (ANNS,)))) == "carl by R12"


@pytest.mark.parametrize("missing", SCOPES)
def test_R03_with_any_box_unticked_nothing_is_connected_or_kept(missing: str) -> None:
    company = Company(connected=False)

    told = company.consented(scopes=tuple(one for one in SCOPES if one != missing))

    assert told["error"] == "insufficient_permission"
    assert told["missing"] == missing
    assert company.status().state == "none"
    assert company.sealer.seal(ANNS, owner=id_of(ANNS), purpose="grant") not in company.dump()
    assert "pending_consents" not in company.dump()


def test_R03_a_partial_grant_is_revoked_only_where_the_person_has_no_other() -> None:
    company = Company(connected=False)
    company.consented(scopes=SCOPES[:3])
    assert company.grants.revoked == [ANNS]

    company.connect()
    company.consented(location=THERE, scopes=SCOPES[:3])

    assert company.grants.revoked == [ANNS]
    assert company.status().state == "connected"


def test_R03_a_refused_consent_leaves_nothing() -> None:
    from tests.unit.usecases.office import state_of, told

    company = Company(connected=False)

    back = told(company.come_back(state_of(company.begin()), error="access_denied"))

    assert back == {"error": "access_denied"}
    assert company.status().state == "none"


def test_R04_the_profile_shows_what_a_user_needs_to_know() -> None:
    company = Company()
    company.contact("carl", CARL)
    company.post(Letter("m", CARL, (ANNS,)))

    status = company.status()

    assert (status.state, status.address, status.problem) == ("connected", ANNS, None)
    assert status.connected_at == BEGIN
    assert status.last_synced_at
    assert status.sends
    assert (status.sends.left, status.sends.next_at) == (500, None)
    assert status.coverage == 100


@pytest.mark.parametrize("preset", PRESETS)
def test_R05_earlier_mail_of_a_thread_that_goes_on_stays_out(preset: str) -> None:
    company = Company(preset)
    company.contact("carl", CARL, assigned_to=ANN, created_at=BEGIN - timedelta(days=9))
    old = company.post(Letter("old", CARL, (ANNS,), thread="t", at=BEGIN - timedelta(minutes=1)))
    company.post(Letter("sent", ANNS, (CARL,), thread="t", answers="old"))
    company.post(Letter("new", CARL, (ANNS,), thread="t", answers="old"))

    assert company.fate(old) == "out by R05"
    assert all(one.message_id != old.message_id for one in company.messages())


@pytest.mark.parametrize("remedy", list(Remedy))
def test_R06_a_lost_grant_is_shown_and_told_and_gmail_is_left_alone(remedy: Remedy) -> None:
    company = Company()
    company.connect(location=THERE)
    company.contact("carl", CARL)
    company.lose_grant(remedy)

    company.post(Letter("m", CARL, (ANNS,)))
    before = sum(company.gmail.calls.values())
    company.post(Letter("m2", CARL, (ANNS,)))
    company.drain()

    for place in (HERE, THERE):
        status = company.status(location=place)
        assert status.state == remedy
        assert status.problem
        assert status.problem.action
    assert company.events("connection.").count(f"connection.{remedy}") == 2
    assert sum(company.gmail.calls.values()) == before
    assert company.messages() == []


def test_R07_reconnecting_brings_in_what_came_meanwhile() -> None:
    company = Company()
    company.contact("carl", CARL)
    company.lose_grant()
    missed = company.post(Letter("m", CARL, (ANNS,)))
    company.mailboxes.refused.clear()

    company.connect(intent=Intent.RECONNECT)
    company.sync()

    assert company.fate(missed) == "carl by R12"


def test_R07_connecting_again_after_a_disconnect_leaves_the_gap_out() -> None:
    company = Company()
    company.contact("carl", CARL)
    company.disconnect()
    missed = company.post(Letter("m", CARL, (ANNS,)))
    company.clock.advance(minutes=1)

    company.connect()
    company.sync()
    later = company.post(Letter("m2", CARL, (ANNS,)))

    assert company.messages()
    assert company.fate(missed) in {"unseen", "out by R05"}
    assert company.fate(later) == "carl by R12"


def test_R07_another_account_is_no_reconnect() -> None:
    company = Company()
    company.account("other@gmail.com")
    company.lose_grant()
    company.post(Letter("m", CARL, (ANNS,)))

    assert refusal(lambda: company.connect("other@gmail.com", intent=Intent.RECONNECT)) == "different_mailbox"
    assert company.status().address == ANNS


def test_R08_one_account_in_two_locations_has_one_watch_and_each_ends_alone() -> None:
    company = Company()
    company.connect(location=THERE)
    company.contact("carl", CARL)
    company.contact("carl-there", CARL, THERE)

    company.disconnect()
    letter = company.post(Letter("m", CARL, (ANNS,)))

    assert company.fate(letter, THERE) == "carl-there by R12"
    assert company.messages() == []
    assert company.gmail.calls["stop"] == 0
    company.disconnect(location=THERE)
    assert company.gmail.calls["stop"] == 1
    assert company.mailbox().grant is None


def test_R08_within_a_location_an_account_is_one_users() -> None:
    company = Company()

    assert refusal(lambda: company.connect(user=BOB)) == "mailbox_in_use"
    assert company.connect(user=BOB, location=THERE).status.state == "connected"
