"""Consents: one suite on the fake, and on the real adapter against a server that behaves as Google's."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.domain.connection import SCOPES
from shared.errors import Refused, Transient
from tests.contract.consents import VERIFIER, Consents, FakeConsents, GoogleConsents, exchanged, google_grants, s256
from tests.simulator.running import Running, start


@pytest.fixture(scope="module")
def google() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@pytest.fixture(params=["fake", "google"])
def consents(request: pytest.FixtureRequest) -> Iterator[Consents]:
    if request.param == "fake":
        yield FakeConsents()
        return
    running = request.getfixturevalue("google")
    made = GoogleConsents(running, google_grants(running))
    yield made
    made.is_up()


@pytest.mark.parametrize("hint", [None, "ann+crm@gmail.com"])
def test_r03_the_consent_page_is_told_what_will_be_shown_again(consents: Consents, hint: str | None) -> None:
    url = consents.grants.authorize_url(state="a state/&=", nonce="a nonce", challenge=s256("v"), login_hint=hint)

    asked = parse_qs(urlsplit(url).query)
    assert (asked["state"], asked["nonce"], asked["code_challenge"]) == (["a state/&="], ["a nonce"], [s256("v")])
    assert asked["code_challenge_method"] == ["S256"]
    assert asked.get("login_hint") == ([hint] if hint else None)


@pytest.mark.parametrize("domain", [None, "agency.example"])
def test_r02_a_code_brings_a_grant_its_scopes_and_who_it_is(consents: Consents, domain: str | None) -> None:
    email = consents.person(domain)

    granted = exchanged(consents.grants, consents.agrees(email))

    assert granted.refresh_token
    assert set(granted.scopes) == set(SCOPES)
    assert granted.identity
    assert (granted.identity.email, granted.identity.hosted_domain) == (email, domain)


def test_a_person_is_the_same_subject_each_time_and_nobody_elses(consents: Consents) -> None:
    ann, bob = consents.person(), consents.person()

    first, again, other = [exchanged(consents.grants, consents.agrees(who)).identity for who in (ann, ann, bob)]

    assert first
    assert other
    assert first == again
    assert first.subject
    assert first.subject != other.subject


@pytest.mark.parametrize("ticked", [SCOPES[:1], SCOPES[1:], (SCOPES[0], *SCOPES[2:]), SCOPES[3:]])
def test_t07_a_consent_that_does_not_say_who_it_is_brings_its_scopes_and_nobody(
    consents: Consents, ticked: tuple[str, ...]
) -> None:
    granted = exchanged(consents.grants, consents.agrees(consents.person(), ticked))

    assert set(granted.scopes) == set(ticked)
    assert granted.identity is None


@pytest.mark.parametrize("unticked", [SCOPES[2:3], SCOPES[3:], SCOPES[2:]])
def test_t07_unticked_boxes_are_not_among_the_scopes(consents: Consents, unticked: tuple[str, ...]) -> None:
    ticked = tuple(scope for scope in SCOPES if scope not in unticked)

    granted = exchanged(consents.grants, consents.agrees(consents.person(), ticked))

    assert set(granted.scopes) == set(ticked)
    assert granted.refresh_token, "it is there to be revoked"


@pytest.mark.parametrize(("verifier", "nonce"), [("w" * 43, "n"), ("", "n"), (VERIFIER, "another"), (VERIFIER, "")])
def test_t04_a_wrong_verifier_or_nonce_brings_nothing_and_spends_the_code(
    consents: Consents, verifier: str, nonce: str
) -> None:
    code = consents.agrees(consents.person())

    with pytest.raises(Refused):
        exchanged(consents.grants, code, verifier=verifier, nonce=nonce)
    with pytest.raises(Refused):
        exchanged(consents.grants, code)


def test_t02_a_code_goes_with_the_verifier_of_its_own_consent_only(consents: Consents) -> None:
    ann = consents.person()
    mine, theirs = consents.agrees(ann, verifier="m" * 43), consents.agrees(ann, verifier="t" * 43)

    with pytest.raises(Refused):
        exchanged(consents.grants, theirs, verifier="m" * 43)
    identity = exchanged(consents.grants, mine, verifier="m" * 43).identity
    assert identity
    assert identity.email == ann


def test_a_code_works_once(consents: Consents) -> None:
    code = consents.agrees(consents.person())
    exchanged(consents.grants, code)

    with pytest.raises(Refused):
        exchanged(consents.grants, code)


@pytest.mark.parametrize("code", ["", "4/0Amade-up"])
def test_a_code_that_was_made_up_brings_nothing(consents: Consents, code: str) -> None:
    with pytest.raises(Refused):
        exchanged(consents.grants, code)


def test_f24_trouble_before_the_exchange_is_transient_and_does_not_spend_the_code(consents: Consents) -> None:
    code = consents.agrees(consents.person())
    consents.is_down()
    with pytest.raises(Transient):
        exchanged(consents.grants, code)

    consents.is_up()

    assert exchanged(consents.grants, code).refresh_token


def test_t10_a_grant_may_be_revoked_twice_and_its_person_consents_again(consents: Consents) -> None:
    email = consents.person()
    token = exchanged(consents.grants, consents.agrees(email)).refresh_token
    assert token

    consents.grants.revoke(token)
    consents.grants.revoke(token)

    assert exchanged(consents.grants, consents.agrees(email)).refresh_token


def test_t10_revoking_what_never_was_is_fine(consents: Consents) -> None:
    consents.grants.revoke("1//0-never-was")


def test_a_revocation_that_was_not_taken_is_transient(consents: Consents) -> None:
    token = exchanged(consents.grants, consents.agrees(consents.person())).refresh_token
    assert token
    consents.is_down()

    with pytest.raises(Transient):
        consents.grants.revoke(token)
