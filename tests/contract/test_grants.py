"""Consents against a server that behaves as Google's: what is asked, what a code brings, what ends a grant."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from shared.adapters.gmail.grants import ConsentClient, GoogleGrants
from shared.adapters.gmail.identity import Identities
from shared.domain.connection import SCOPES
from shared.errors import Refused, Transient
from tests.simulator.running import Running, start

BACK = "http://127.0.0.1:1/back"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture(scope="module")
def google() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@pytest.fixture
def grants(google: Running) -> Iterator[GoogleGrants]:
    yield client(google)
    google.control("DELETE", "faults")


def client(google: Running, *, secret: str = "sandbox-secret", root: str = "") -> GoogleGrants:
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=2), retries=False)
    url = root or google.url
    identities = Identities(pool, certs_url=f"{google.url}/oauth2/v1/certs", client_id="sandbox-client")
    whole = ConsentClient(
        id="sandbox-client",
        secret=secret,
        authorize_url=f"{google.url}/o/oauth2/v2/auth",
        token_url=f"{url}/token",
        revoke_url=f"{url}/revoke",
        redirect_url=lambda: BACK,
    )
    return GoogleGrants(pool, whole, identities)


def consented(google: Running, grants: GoogleGrants, email: str, **more: object) -> str:
    url = grants.authorize_url(state="s", nonce="n", challenge=CHALLENGE, login_hint=None)
    redirect = str(google.act("consent", {"authorize_url": url, "email": email, **more})["redirect_to"])
    return parse_qs(urlsplit(redirect).query)["code"][0]


def now() -> datetime:
    return datetime.now(UTC)


def test_r03_it_asks_for_exactly_these_permissions(grants: GoogleGrants) -> None:
    url = grants.authorize_url(state="the state", nonce="the nonce", challenge=CHALLENGE, login_hint="ann@gmail.com")

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
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
        "login_hint": ["ann@gmail.com"],
    }


def test_a_code_brings_a_grant_its_scopes_and_who_it_is(google: Running, grants: GoogleGrants) -> None:
    email = google.account(hosted_domain="agency.example")

    granted = grants.exchange(code=consented(google, grants, email), verifier=VERIFIER, nonce="n", now=now())

    assert granted.refresh_token
    assert set(granted.scopes) == set(SCOPES)
    assert (granted.identity.email, granted.identity.hosted_domain) == (email, "agency.example")
    assert granted.identity.subject


def test_t07_unticked_boxes_are_not_among_the_scopes(google: Running, grants: GoogleGrants) -> None:
    code = consented(google, grants, google.account(), grant=["openid", "email", SCOPES[2]])

    granted = grants.exchange(code=code, verifier=VERIFIER, nonce="n", now=now())

    assert set(SCOPES) - set(granted.scopes) == {SCOPES[3]}


@pytest.mark.parametrize(("verifier", "nonce"), [("w" * 43, "n"), ("", "n"), (VERIFIER, "another")])
def test_t04_a_wrong_verifier_or_nonce_brings_nothing(
    google: Running, grants: GoogleGrants, verifier: str, nonce: str
) -> None:
    code = consented(google, grants, google.account())

    with pytest.raises(Refused):
        grants.exchange(code=code, verifier=verifier, nonce=nonce, now=now())


def test_a_code_works_once(google: Running, grants: GoogleGrants) -> None:
    code = consented(google, grants, google.account())
    grants.exchange(code=code, verifier=VERIFIER, nonce="n", now=now())

    with pytest.raises(Refused):
        grants.exchange(code=code, verifier=VERIFIER, nonce="n", now=now())


def test_a_wrong_client_secret_is_refused_without_being_quoted(google: Running) -> None:
    grants = client(google, secret="not-the-secret")
    code = consented(google, grants, google.account())

    with pytest.raises(Refused) as refused:
        grants.exchange(code=code, verifier=VERIFIER, nonce="n", now=now())

    assert "not-the-secret" not in f"{refused.value!r}"
    assert code not in f"{refused.value!r}"


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 429}, {"drop": "after"}, {"drop": "html"}, {"drop": "truncate"}]
)
def test_f24_a_token_endpoint_in_trouble_is_asked_once(
    google: Running, grants: GoogleGrants, fault: dict[str, object]
) -> None:
    code = consented(google, grants, google.account())
    before = len(google.items("calls", method="oauth.token"))
    google.act("faults", [{"method": "oauth.token", "times": 5, **fault}])

    with pytest.raises(Transient):
        grants.exchange(code=code, verifier=VERIFIER, nonce="n", now=now())

    assert len(google.items("calls", method="oauth.token")) == before + 1


def test_nobody_there_is_transient(google: Running) -> None:
    gone = client(google, root="http://127.0.0.1:9")

    with pytest.raises(Transient):
        gone.exchange(code="c", verifier=VERIFIER, nonce="n", now=now())
    with pytest.raises(Transient):
        gone.revoke("token")


def test_t10_a_revoked_grant_gives_no_more_tokens_and_may_be_revoked_again(
    google: Running, grants: GoogleGrants
) -> None:
    code = consented(google, grants, google.account())
    token = grants.exchange(code=code, verifier=VERIFIER, nonce="n", now=now()).refresh_token
    assert token

    grants.revoke(token)
    grants.revoke(token)

    assert google.token_call(grant_type="refresh_token", refresh_token=token).json()["error"] == "invalid_grant"


def test_a_revocation_that_google_did_not_take_is_transient(google: Running, grants: GoogleGrants) -> None:
    google.act("faults", [{"method": "oauth.revoke", "times": 1, "status": 503}])

    with pytest.raises(Transient):
        grants.revoke("token")
