"""Google's id tokens: who consented, by signature, issuer, audience, nonce and time (OpenID Connect Core 3.1.3.7)."""

import math
import threading
import time
from datetime import datetime

import jwt
import msgspec
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from shared.domain.connection import Identity
from shared.errors import Refused, Transient

ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
LEEWAY_SECONDS = 30
FRESH_SECONDS, AGAIN_SECONDS = 3_600.0, 10.0
OK = 200
OURS_TO_CHECK: jwt.types.Options = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_iss": False,
}
"""PyJWT knows only the system's clock, and takes lists of audiences."""


class _Claims(msgspec.Struct):
    """What the token must say; times are seconds since 1970."""

    iss: str
    aud: str
    sub: str
    nonce: str
    email: str
    email_verified: bool
    exp: float
    iat: float
    nbf: float = 0
    azp: str | None = None
    hd: str | None = None


class Identities:
    """Reads id tokens by the PEM certificates at `certs_url`, a JSON object by key id, fetched again every hour."""

    def __init__(self, pool: urllib3.PoolManager, *, certs_url: str, client_id: str) -> None:
        self._pool, self._url, self._client_id, self._lock = pool, certs_url, client_id, threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._asked_at = -math.inf

    def read(self, token: str, *, nonce: str, now: datetime) -> Identity:
        """Whose token it is. Raises `Refused` if it proves nothing, `Transient` without Google's certificates."""
        claims = self._claims(token)
        at, starts = now.timestamp(), max(claims.iat, claims.nbf)
        proven = (
            claims.iss in ISSUERS
            and claims.aud == self._client_id
            and claims.azp in {None, self._client_id}
            and claims.nonce == nonce
            and starts - LEEWAY_SECONDS <= at < claims.exp + LEEWAY_SECONDS
            and claims.email_verified
            and bool(claims.sub)
        )
        if not proven:
            raise _unproven()
        return Identity(claims.sub, claims.email, claims.hd or None)

    def _claims(self, token: str) -> _Claims:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._key(kid) if isinstance(kid, str) else None
            if key is None:
                raise _unproven()
            return msgspec.convert(jwt.decode(token, key, algorithms=["RS256"], options=OURS_TO_CHECK), _Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError) as error:
            raise _unproven() from error

    def _key(self, kid: str) -> RSAPublicKey | None:
        with self._lock:
            now = time.monotonic()
            age = now - self._asked_at
            if age > FRESH_SECONDS or (kid not in self._keys and age > AGAIN_SECONDS):
                self._keys, self._asked_at = self._fetched(), now
            return self._keys.get(kid)

    def _fetched(self) -> dict[str, RSAPublicKey]:
        try:
            answer = self._pool.request("GET", self._url, retries=False, redirect=False)
            if answer.status != OK:
                raise Transient(f"certificates: {answer.status}")
            texts = msgspec.json.decode(answer.data, type=dict[str, str])
            keys = {kid: load_pem_x509_certificate(text.encode()).public_key() for kid, text in texts.items()}
        except urllib3.exceptions.HTTPError as error:
            raise Transient(f"certificates: {type(error).__name__}") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise Transient("certificates: unreadable") from error
        return {kid: key for kid, key in keys.items() if isinstance(key, RSAPublicKey)}


def _unproven() -> Refused:
    return Refused("id_token", "Google's answer does not prove who consented.")
