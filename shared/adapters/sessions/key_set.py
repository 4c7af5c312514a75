"""The CRM's public keys (a JWK set, RFC 7517), fetched every hour, and again for a key id not met before."""

import math
import threading
import time
from collections import Counter
from typing import Any

import jwt
import msgspec
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.errors import Transient

FRESH_SECONDS = 3_600.0
KEPT_SECONDS = 86_400.0
"""How long known keys serve while the CRM cannot be asked."""
AGAIN_SECONDS = 10.0
"""How soon an unknown key id makes us ask again, so that forged ones cannot make us ask all the time."""
LEAST_BITS = 2_048
MOST_BYTES = 262_144
OK = 200


class KeySet:
    """The RSA keys for signatures at `url`, by key id."""

    def __init__(self, pool: urllib3.PoolManager, url: str) -> None:
        self._pool, self._url, self._lock = pool, url, threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._asked_at = self._fetched_at = -math.inf

    def key(self, kid: str) -> RSAPublicKey | None:
        """The key of that id, `None` if the CRM has none. Raises `Transient` while it cannot be known."""
        with self._lock:
            now = time.monotonic()
            wanted = kid not in self._keys or now - self._fetched_at > FRESH_SECONDS
            if wanted and now - self._asked_at > AGAIN_SECONDS:
                self._ask(kid, now)
            return self._keys.get(kid)

    def _ask(self, kid: str, now: float) -> None:
        try:
            self._keys = self._fetched()
            self._fetched_at = now
        except Transient:
            if kid not in self._keys or now - self._fetched_at > KEPT_SECONDS:
                raise
        self._asked_at = now

    def _fetched(self) -> dict[str, RSAPublicKey]:
        try:
            answer = self._pool.request("GET", self._url, retries=False, redirect=False, preload_content=False)
            content = answer.read(MOST_BYTES + 1)
            answer.close()
            if answer.status != OK or len(content) > MOST_BYTES:
                raise Transient(f"session keys: {answer.status}")
            listed = msgspec.json.decode(content, type=dict[str, Any])["keys"]
            named = Counter(one.get("kid") for one in listed)
            return {one["kid"]: key for one in listed if named[one.get("kid")] == 1 and (key := _key(one))}
        except urllib3.exceptions.HTTPError as error:
            raise Transient(f"session keys: {type(error).__name__}") from error
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise Transient("session keys: not a key set") from error


def _key(written: dict[str, Any]) -> RSAPublicKey | None:
    """The key, if it is one for RS256 signatures; a set may hold others."""
    fitting = (
        isinstance(written.get("kid"), str)
        and written.get("kty") == "RSA"
        and written.get("use", "sig") == "sig"
        and written.get("alg", "RS256") == "RS256"
    )
    if not fitting:
        return None
    try:
        key = jwt.PyJWK(written, "RS256").key
    except (jwt.PyJWTError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_BITS else None
