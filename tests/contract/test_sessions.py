"""The CRM's tokens: one that is good in every respect is a session, anything else is nobody (T12)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.adapters.sessions import key_set
from shared.adapters.sessions.key_set import KeySet
from shared.adapters.sessions.tokens import TokenSessions
from shared.domain.identifiers import LocationId, UserId
from shared.domain.session import Role, Session
from shared.errors import Rejected, Transient
from tests.contract.google_certificates import CertificateServer, new_key, serving

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ISSUER, AUDIENCE = "https://crm.example", "gmail-sync"
KEY, OTHER = new_key(), new_key()
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "ann",
    "locations": ["here", "there"],
    "role": "user",
    "exp": int(NOW.timestamp()) + 60,
}


def published(key: RSAPrivateKey, kid: str = "k1", **more: object) -> dict[str, object]:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "alg": "RS256", **more}


def publish(server: CertificateServer, *keys: dict[str, object]) -> None:
    server.garbage = json.dumps({"keys": keys}).encode()


def token(claims: dict[str, Any] | None = None, *, key: RSAPrivateKey = KEY, **header: object) -> str:
    return "Bearer " + jwt.encode(claims or GOOD, key, "RS256", headers={"kid": "k1", **header})


@pytest.fixture
def server() -> Iterator[CertificateServer]:
    with serving({}) as started:
        publish(started, published(KEY))
        yield started


@pytest.fixture
def sessions(server: CertificateServer) -> TokenSessions:
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=1))
    return TokenSessions(KeySet(pool, server.url).key, issuer=ISSUER, audience=AUDIENCE, now=lambda: NOW)


def test_a_good_token_is_a_session(sessions: TokenSessions) -> None:
    session = sessions.authenticate(token())

    locations = frozenset({LocationId("here"), LocationId("there")})
    assert session == Session(UserId("ann"), locations, Role.USER, impersonated=False)
    assert sessions.authenticate(token({**GOOD, "aud": ["x", AUDIENCE]})).user == "ann"
    assert sessions.authenticate(token(typ="at+jwt")).user == "ann"


@pytest.mark.parametrize("act", ["admin", {"sub": "admin"}, {}, "", False])
def test_r01_an_act_claim_marks_somebody_else_at_the_keyboard(sessions: TokenSessions, act: object) -> None:
    assert sessions.authenticate(token({**GOOD, "act": act})).impersonated


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": []},
        {"exp": NOW.timestamp() - 31},
        {"exp": "tomorrow"},
        {"exp": None},
        {"nbf": NOW.timestamp() + 31},
        {"iat": NOW.timestamp() + 31},
        {"sub": ""},
        {"sub": "a/b"},
        {"sub": 7},
        {"sub": "ann\n"},
        {"locations": "here"},
        {"locations": ["a/b"]},
        {"locations": [1]},
        {"role": "root"},
        {"role": ["user"]},
    ],
)
def test_t12_each_wrong_claim_is_nobody(sessions: TokenSessions, changed: dict[str, object]) -> None:
    with pytest.raises(Rejected, match="unauthenticated"):
        sessions.authenticate(token({**GOOD, **changed}))


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub", "locations", "role"])
def test_t12_each_missing_claim_is_nobody(sessions: TokenSessions, claim: str) -> None:
    with pytest.raises(Rejected, match="unauthenticated"):
        sessions.authenticate(token({name: value for name, value in GOOD.items() if name != claim}))


def unsigned(header: dict[str, object], claims: str, secret: bytes = b"") -> str:
    parts = [base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in (json.dumps(header), claims)]
    mac = hmac.new(secret, ".".join(parts).encode(), hashlib.sha256).digest() if secret else b""
    return "Bearer " + ".".join([*parts, base64.urlsafe_b64encode(mac).decode().rstrip("=")])


def signed(claims: str) -> str:
    head, _, _ = token().rpartition(".")
    start = head.partition(".")[0].removeprefix("Bearer ")
    body = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(f"{start}.{body}".encode(), KEY)
    return f"Bearer {start}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
FORGED = {
    "nothing": "",
    "no token": "Bearer ",
    "another scheme": token().replace("Bearer", "Basic"),
    "a bare token": token().removeprefix("Bearer "),
    "another key": token(key=OTHER),
    "an unknown key id": token(kid="k2"),
    "no key id": "Bearer " + jwt.encode(GOOD, KEY, "RS256"),
    "a path as key id": token(kid="../../k1"),
    "unsigned": unsigned({"alg": "none", "kid": "k1"}, json.dumps(GOOD)),
    "the public key as a secret": unsigned({"alg": "HS256", "kid": "k1"}, json.dumps(GOOD), PEM),
    "a key of its own": "Bearer "
    + jwt.encode(GOOD, OTHER, "RS256", headers={"kid": "k1", "jwk": published(OTHER), "jku": "https://evil.example"}),
    "another algorithm": "Bearer " + jwt.encode(GOOD, KEY, "RS512", headers={"kid": "k1"}),
    "an extension that must be understood": token(crit=["exp"], exp=1),
    "another kind of token": token(typ="secevent+jwt"),
    "cut off": token()[:-10],
    "very long": token({**GOOD, "more": "x" * 20_000}),
    "not ascii": "Bearer \u00e9.\u00e9.\u00e9",
    "claims that are no object": signed("[]"),
    "a claim that comes twice": signed(json.dumps(GOOD)[:-1] + ', "sub": "bob"}'),
    "deeply nested": signed("[" * 5_000),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_t12_forged_tokens_are_nobody(sessions: TokenSessions, forged: str) -> None:
    with pytest.raises(Rejected, match="unauthenticated"):
        sessions.authenticate(forged)


def test_the_signed_helper_makes_good_tokens(sessions: TokenSessions) -> None:
    assert sessions.authenticate(signed(json.dumps(GOOD))).user == "ann"


@pytest.mark.parametrize(("claim", "off"), [("exp", -1), ("nbf", 1), ("iat", 1)])
@pytest.mark.parametrize(("seconds", "good"), [(29, True), (60, False)])
def test_t12_f31_clocks_may_differ_by_less_than_a_minute(
    sessions: TokenSessions, claim: str, off: int, seconds: int, *, good: bool
) -> None:
    claims = {**GOOD, claim: int(NOW.timestamp()) + off * seconds}
    if good:
        assert sessions.authenticate(token(claims)).user == "ann"
        return
    with pytest.raises(Rejected):
        sessions.authenticate(token(claims))


def test_t12_a_moved_clock_decides_about_time(server: CertificateServer) -> None:
    later = [NOW]
    keys = KeySet(urllib3.PoolManager(), server.url)
    sessions = TokenSessions(keys.key, issuer=ISSUER, audience=AUDIENCE, now=lambda: later[0])
    sessions.authenticate(token())
    later[0] += timedelta(seconds=91)

    with pytest.raises(Rejected):
        sessions.authenticate(token())


def test_keys_are_fetched_once_and_forged_key_ids_do_not_make_us_ask_again(
    server: CertificateServer, sessions: TokenSessions
) -> None:
    for _ in range(3):
        sessions.authenticate(token())
        with pytest.raises(Rejected):
            sessions.authenticate(token(kid="unknown"))

    assert server.asked == 1


def test_a_new_key_is_found(
    server: CertificateServer, sessions: TokenSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_set, "AGAIN_SECONDS", -1.0)
    sessions.authenticate(token())
    publish(server, published(OTHER, "k2"))

    assert sessions.authenticate(token(key=OTHER, kid="k2")).user == "ann"
    with pytest.raises(Rejected):
        sessions.authenticate(token())


@pytest.mark.parametrize(
    "keys",
    [
        [published(KEY), published(OTHER)],
        [published(KEY, use="enc")],
        [published(KEY, alg="RS512")],
        [{"kty": "oct", "kid": "k1", "k": "AAAA"}],
        [{"kty": "RSA", "kid": "k1", "n": "!", "e": "AQAB"}],
        [published(generate_private_key(public_exponent=65_537, key_size=1_024))],  # noqa: S505
        [],
    ],
)
def test_t12_keys_that_are_not_for_this_are_not_used(
    server: CertificateServer, sessions: TokenSessions, keys: list[dict[str, object]]
) -> None:
    publish(server, *keys)

    with pytest.raises(Rejected, match="unauthenticated"):
        sessions.authenticate(token())


@pytest.mark.parametrize("garbage", [b"<html>", b"[]", b'{"keys": 1}', b'{"keys": [1]}', b'{"a": 1}'])
def test_t14_without_the_crms_keys_nobody_is_let_in_and_nobody_is_turned_away_for_good(
    server: CertificateServer, sessions: TokenSessions, garbage: bytes
) -> None:
    server.garbage = garbage
    with pytest.raises(Transient):
        sessions.authenticate(token())

    server.status = 503
    with pytest.raises(Transient):
        sessions.authenticate(token())

    server.status = 200
    publish(server, published(KEY))
    assert sessions.authenticate(token()).user == "ann"


def test_known_keys_serve_while_the_crm_cannot_be_asked(
    server: CertificateServer, sessions: TokenSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.authenticate(token())
    monkeypatch.setattr(key_set, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(key_set, "AGAIN_SECONDS", -1.0)
    server.status = 503

    assert sessions.authenticate(token()).user == "ann"

    monkeypatch.setattr(key_set, "KEPT_SECONDS", -1.0)
    with pytest.raises(Transient):
        sessions.authenticate(token())
