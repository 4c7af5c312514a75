"""Google's push tokens: only a good one for this very function opens the gate (T11)."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from shared.adapters.push_tokens.certificates import Certificates
from shared.adapters.push_tokens.tokens import PushTokens
from shared.errors import Rejected, Transient
from tests.contract.google_certificates import CertificateServer, certificate, new_key, serving

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
AUDIENCE = "https://process-history.example"
ACCOUNT = "push@project.iam.gserviceaccount.com"
GOOD: dict[str, Any] = {
    "iss": "https://accounts.google.com",
    "aud": AUDIENCE,
    "azp": "1170",
    "sub": "1170",
    "email": ACCOUNT,
    "email_verified": True,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3_600,
}


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def google() -> RSAPrivateKey:
    return new_key()


@pytest.fixture(scope="module")
def stranger() -> RSAPrivateKey:
    return new_key()


@pytest.fixture
def server(google: RSAPrivateKey) -> Iterator[CertificateServer]:
    with serving({"g1": google}) as one:
        yield one


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def tokens(server: CertificateServer, hands: Hands) -> PushTokens:
    pool = urllib3.PoolManager(timeout=2.0)
    certificates = Certificates(pool, server.url, now=hands.now)
    return PushTokens(certificates.key, audience=AUDIENCE, account=ACCOUNT, now=hands.now)


def bearer(key: RSAPrivateKey, changes: dict[str, Any] | None = None, *, kid: str = "g1", **headers: Any) -> str:
    claims = {name: value for name, value in (GOOD | (changes or {})).items() if value is not None}
    return f"Bearer {jwt.encode(claims, key, 'RS256', headers={'kid': kid, **headers})}"


def refused(tokens: PushTokens, authorization: str) -> str:
    with pytest.raises(Rejected) as caught:
        tokens.verify(authorization)
    return caught.value.code


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_T11_googles_token_for_this_function_is_accepted(
    tokens: PushTokens, google: RSAPrivateKey, issuer: str
) -> None:
    tokens.verify(bearer(google, {"iss": issuer}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://deliver-email.example"}, "forbidden"),
        ({"aud": AUDIENCE + "/"}, "forbidden"),
        ({"aud": [AUDIENCE]}, "unauthenticated"),
        ({"aud": None}, "unauthenticated"),
        ({"email": "someone@other.iam.gserviceaccount.com"}, "forbidden"),
        ({"email": ACCOUNT.upper()}, "forbidden"),
        ({"email": None}, "unauthenticated"),
        ({"email_verified": False}, "forbidden"),
        ({"email_verified": "true"}, "unauthenticated"),
        ({"email_verified": None}, "unauthenticated"),
        ({"iss": "https://accounts.google.com.evil.example"}, "unauthenticated"),
        ({"iss": None}, "unauthenticated"),
        ({"exp": None}, "unauthenticated"),
        ({"iat": None}, "unauthenticated"),
        ({"exp": GOOD["iat"] - 60}, "unauthenticated"),
        ({"iat": GOOD["iat"] + 61}, "unauthenticated"),
        ({"nbf": GOOD["iat"] + 61}, "unauthenticated"),
    ],
)
def test_T11_a_token_with_a_wrong_claim_is_refused(
    tokens: PushTokens, google: RSAPrivateKey, changes: dict[str, Any], code: str
) -> None:
    assert refused(tokens, bearer(google, changes)) == code


@pytest.mark.parametrize("changes", [{"exp": GOOD["iat"] - 59}, {"iat": GOOD["iat"] + 60}, {"nbf": GOOD["iat"] + 60}])
def test_F31_clocks_may_differ_by_a_minute(tokens: PushTokens, google: RSAPrivateKey, changes: dict[str, Any]) -> None:
    tokens.verify(bearer(google, changes))


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic dTpw", "Bearer é.é.é", "x" * 9_000]
)
def test_T11_what_is_no_token_is_refused(tokens: PushTokens, server: CertificateServer, authorization: str) -> None:
    assert refused(tokens, authorization) == "unauthenticated"
    assert server.asked == 0


def test_T11_a_strangers_signature_under_googles_key_id_is_refused(tokens: PushTokens, stranger: RSAPrivateKey) -> None:
    assert refused(tokens, bearer(stranger)) == "unauthenticated"


def test_T11_a_token_altered_after_signing_is_refused(tokens: PushTokens, google: RSAPrivateKey) -> None:
    head, _, signature = bearer(google, {"email": "x@y"}).split(".")
    claims = base64.urlsafe_b64encode(msgspec.json.encode(GOOD)).decode().rstrip("=")
    assert refused(tokens, f"{head}.{claims}.{signature}") == "unauthenticated"


def test_T11_neither_no_algorithm_nor_the_certificate_as_a_password_signs(
    tokens: PushTokens, google: RSAPrivateKey
) -> None:
    unsigned = jwt.encode(GOOD, "", "none", headers={"kid": "g1"})
    assert refused(tokens, f"Bearer {unsigned}") == "unauthenticated"
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"g1","typ":"JWT"}').rstrip(b"=")
    claims = base64.urlsafe_b64encode(msgspec.json.encode(GOOD)).rstrip(b"=")
    mac = hmac.new(certificate(google).encode(), head + b"." + claims, hashlib.sha256).digest()
    forged = b".".join([head, claims, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()
    assert refused(tokens, f"Bearer {forged}") == "unauthenticated"


def test_T11_a_key_inside_the_token_is_not_believed(tokens: PushTokens, stranger: RSAPrivateKey) -> None:
    own = msgspec.json.decode(jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key()))
    assert refused(tokens, bearer(stranger, jwk=own)) == "unauthenticated"


@pytest.mark.parametrize("headers", [{"crit": ["x"], "x": 1}])
def test_T11_a_header_that_must_be_understood_and_is_not_is_refused(
    tokens: PushTokens, google: RSAPrivateKey, headers: dict[str, Any]
) -> None:
    assert refused(tokens, bearer(google, **headers)) == "unauthenticated"


def test_certificates_are_asked_for_once_in_their_lifetime(
    tokens: PushTokens, server: CertificateServer, google: RSAPrivateKey, hands: Hands
) -> None:
    for _ in range(5):
        tokens.verify(bearer(google))
    assert server.asked == 1
    hands.at = NOW + timedelta(seconds=3_600)
    tokens.verify(bearer(google))
    assert server.asked == 2


def test_a_new_key_of_googles_is_fetched_when_it_first_shows(
    tokens: PushTokens, server: CertificateServer, google: RSAPrivateKey, stranger: RSAPrivateKey, hands: Hands
) -> None:
    tokens.verify(bearer(google))
    server.keys = {"g1": google, "g2": stranger}
    hands.at = NOW + timedelta(seconds=60)
    tokens.verify(bearer(stranger, kid="g2"))
    assert server.asked == 2


def test_T33_unknown_key_ids_do_not_make_us_ask_google_each_time(
    tokens: PushTokens, server: CertificateServer, google: RSAPrivateKey, stranger: RSAPrivateKey, hands: Hands
) -> None:
    tokens.verify(bearer(google))
    for n in range(60):
        hands.at = NOW + timedelta(seconds=n)
        assert refused(tokens, bearer(stranger, kid=f"made-up-{n}")) == "unauthenticated"
    assert server.asked == 1


def test_a_key_that_google_withdrew_no_longer_counts_after_its_lifetime(
    tokens: PushTokens, server: CertificateServer, google: RSAPrivateKey, stranger: RSAPrivateKey, hands: Hands
) -> None:
    tokens.verify(bearer(google))
    server.keys = {"g2": stranger}
    hands.at = NOW + timedelta(seconds=3_600)
    assert refused(tokens, bearer(google)) == "unauthenticated"


def test_T14_without_certificates_a_push_comes_again_later(
    tokens: PushTokens, server: CertificateServer, google: RSAPrivateKey
) -> None:
    server.status = 503
    with pytest.raises(Transient):
        tokens.verify(bearer(google))
    server.status, server.garbage = 200, b"<html>"
    with pytest.raises(Transient):
        tokens.verify(bearer(google))
    server.garbage = b""
    tokens.verify(bearer(google))


def test_T14_a_certificate_server_that_is_down_refuses_nobody_for_good(google: RSAPrivateKey, hands: Hands) -> None:
    with serving({"g1": google}) as gone:
        url = gone.url
    certificates = Certificates(urllib3.PoolManager(timeout=1.0), url, now=hands.now)
    tokens = PushTokens(certificates.key, audience=AUDIENCE, account=ACCOUNT, now=hands.now)
    with pytest.raises(Transient):
        tokens.verify(bearer(google))
