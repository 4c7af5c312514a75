"""Google's side of consents, as the adapter speaks it: exactly what is asked, how often, and what ends a grant."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.errors import Refused, Transient
from tests.contract.consents import BACK, GoogleConsents, exchanged, google_grants, s256
from tests.simulator.running import Running, start


@pytest.fixture(scope="module")
def google() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@pytest.fixture
def consents(google: Running) -> Iterator[GoogleConsents]:
    made = GoogleConsents(google, google_grants(google))
    yield made
    made.is_up()


def test_r03_it_asks_for_exactly_these_permissions(consents: GoogleConsents) -> None:
    url = consents.grants.authorize_url(
        state="the state", nonce="the nonce", challenge=s256("v"), login_hint="ann@gmail.com"
    )

    asked = parse_qs(urlsplit(url).query)
    assert asked == {
        "client_id": ["sandbox-client"],
        "redirect_uri": [BACK],
        "response_type": ["code"],
        "scope": [
            "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send"
        ],
        "access_type": ["offline"],
        "prompt": ["select_account consent"],
        "state": ["the state"],
        "nonce": ["the nonce"],
        "code_challenge": [s256("v")],
        "code_challenge_method": ["S256"],
        "login_hint": ["ann@gmail.com"],
    }


def test_a_wrong_client_secret_is_refused_without_being_quoted(consents: GoogleConsents) -> None:
    grants = google_grants(consents.google, secret="not-the-secret")
    code = consents.agrees(consents.person())

    with pytest.raises(Refused) as refused:
        exchanged(grants, code)

    assert "not-the-secret" not in f"{refused.value!r}"
    assert code not in f"{refused.value!r}"


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 429}, {"drop": "after"}, {"drop": "html"}, {"drop": "truncate"}]
)
def test_f24_a_token_endpoint_in_trouble_is_asked_once(consents: GoogleConsents, fault: dict[str, object]) -> None:
    code = consents.agrees(consents.person())
    before = len(consents.google.items("calls", method="oauth.token"))
    consents.google.act("faults", [{"method": "oauth.token", "times": 5, **fault}])

    with pytest.raises(Transient):
        exchanged(consents.grants, code)

    assert len(consents.google.items("calls", method="oauth.token")) == before + 1


def test_nobody_there_is_transient(google: Running) -> None:
    gone = google_grants(google, root="http://127.0.0.1:9")

    with pytest.raises(Transient):
        exchanged(gone, "c")
    with pytest.raises(Transient):
        gone.revoke("token")


def test_t10_a_revoked_grant_gives_no_more_tokens(consents: GoogleConsents) -> None:
    token = exchanged(consents.grants, consents.agrees(consents.person())).refresh_token
    assert token

    consents.grants.revoke(token)

    answer = consents.google.token_call(grant_type="refresh_token", refresh_token=token)
    assert answer.json()["error"] == "invalid_grant"


def test_a_revocation_in_trouble_is_asked_once(consents: GoogleConsents) -> None:
    consents.google.act("faults", [{"method": "oauth.revoke", "times": 5, "status": 503}])
    before = len(consents.google.items("calls", method="oauth.revoke"))

    with pytest.raises(Transient):
        consents.grants.revoke("token")

    assert len(consents.google.items("calls", method="oauth.revoke")) == before + 1
