"""Google's id tokens: whoever consented is proven in every respect, or nobody (T06)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.adapters.gmail import identity
from shared.adapters.gmail.identity import Identities
from shared.domain.connection import Identity
from shared.errors import Refused, Transient
from tests.contract.google_certificates import CertificateServer, new_key, serving

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
CLIENT, NONCE = "client.apps.example", "nonce-of-this-consent"
KEY, OTHER = new_key(), new_key()
GOOD: dict[str, Any] = {
    "iss": "https://accounts.google.com",
    "aud": CLIENT,
    "azp": CLIENT,
    "sub": "1170",
    "email": "ann@gmail.com",
    "email_verified": True,
    "nonce": NONCE,
    "iat": AT,
    "exp": AT + 3_600,
}


def token(changed: dict[str, Any] | None = None, key: RSAPrivateKey = KEY, kid: str = "g1") -> str:
    claims = {name: value for name, value in {**GOOD, **(changed or {})}.items() if value is not None}
    return jwt.encode(claims, key, "RS256", headers={"kid": kid})


@pytest.fixture
def server() -> Iterator[CertificateServer]:
    with serving({"g1": KEY}) as started:
        yield started


@pytest.fixture
def identities(server: CertificateServer) -> Identities:
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=1))
    return Identities(pool, certs_url=server.url, client_id=CLIENT)


@pytest.mark.parametrize("changed", [{}, {"iss": "accounts.google.com"}, {"azp": None}, {"iat": AT + 29}])
def test_a_good_token_proves_who_it_is(identities: Identities, changed: dict[str, Any]) -> None:
    assert identities.read(token(changed), nonce=NONCE, now=NOW) == Identity("1170", "ann@gmail.com")


def test_r02_workspace_is_told_apart(identities: Identities) -> None:
    read = identities.read(token({"hd": "shop.example"}), nonce=NONCE, now=NOW)

    assert read.hosted_domain == "shop.example"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other.apps.example"},
        {"aud": [CLIENT]},
        {"aud": None},
        {"azp": "other.apps.example"},
        {"sub": None},
        {"sub": ""},
        {"nonce": "another"},
        {"nonce": None},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"exp": AT - 31},
        {"exp": None},
        {"iat": AT + 31},
        {"iat": None},
        {"nbf": AT + 31},
    ],
)
def test_t06_each_wrong_claim_is_refused(identities: Identities, changed: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        identities.read(token(changed), nonce=NONCE, now=NOW)


PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "a.b.c",
        token(key=OTHER),
        token(kid="g2"),
        jwt.encode(GOOD, KEY, "RS256"),
        jwt.encode(GOOD, "", "none", headers={"kid": "g1"}),
        jwt.encode(GOOD, KEY, "RS512", headers={"kid": "g1"}),
        token()[:-8],
    ],
)
def test_t06_forged_tokens_are_refused(identities: Identities, forged: str) -> None:
    with pytest.raises(Refused):
        identities.read(forged, nonce=NONCE, now=NOW)


def test_certificates_are_fetched_once_and_again_for_a_new_key(
    server: CertificateServer, identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        identities.read(token(), nonce=NONCE, now=NOW)
    with pytest.raises(Refused):
        identities.read(token(key=OTHER, kid="g2"), nonce=NONCE, now=NOW)
    assert server.asked == 1

    server.keys["g2"] = OTHER
    monkeypatch.setattr(identity, "AGAIN_SECONDS", -1.0)

    assert identities.read(token(key=OTHER, kid="g2"), nonce=NONCE, now=NOW).subject == "1170"


def test_without_certificates_nothing_is_decided(server: CertificateServer, identities: Identities) -> None:
    server.status = 503
    with pytest.raises(Transient):
        identities.read(token(), nonce=NONCE, now=NOW)

    server.status, server.garbage = 200, b"<html>"
    with pytest.raises(Transient):
        identities.read(token(), nonce=NONCE, now=NOW)

    server.garbage = b""
    assert identities.read(token(), nonce=NONCE, now=NOW).subject == "1170"
