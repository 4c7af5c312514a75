"""Google's certificates by key id, kept as long as Google allows."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import msgspec
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from shared.errors import Rejected, Transient

UNLESS_TOLD = timedelta(minutes=5)
AT_MOST = timedelta(hours=24)
AGAIN = timedelta(seconds=60)
"""How soon an unknown key id makes us ask again, so that forged ones cannot make us ask all the time."""
MAX_AGE = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})\b", re.IGNORECASE)
NEVER = datetime.min.replace(tzinfo=UTC)


class Certificates:
    """The public keys at `url`, a JSON object of PEM certificates by key id; `now` is UTC."""

    def __init__(self, pool: urllib3.PoolManager, url: str, *, now: Callable[[], datetime]) -> None:
        self._pool, self._url, self._now, self._lock = pool, url, now, Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._asked_at = self._good_until = NEVER

    def key(self, kid: str) -> RSAPublicKey:
        """The key of that id. Raises `Rejected` if Google has none, `Transient` if Google cannot be asked."""
        with self._lock:
            now = self._now()
            lately = abs(now - self._asked_at) < AGAIN
            if now >= self._good_until or (kid not in self._keys and not lately):
                self._ask(now)
            if kid not in self._keys:
                raise Rejected("unauthenticated", "The token is signed by nobody we know.")
            return self._keys[kid]

    def _ask(self, now: datetime) -> None:
        try:
            answer = self._pool.request("GET", self._url, retries=False, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise Transient(f"certificates: {type(error).__name__}") from error
        if answer.status != 200:  # noqa: PLR2004 - the one status of success
            raise Transient(f"certificates: {answer.status}")
        try:
            texts = msgspec.json.decode(answer.data, type=dict[str, str])
            keys = {kid: load_pem_x509_certificate(text.encode()).public_key() for kid, text in texts.items()}
        except (msgspec.DecodeError, ValueError) as error:
            raise Transient("certificates: unreadable") from error
        self._keys = {kid: key for kid, key in keys.items() if isinstance(key, RSAPublicKey)}
        self._asked_at, self._good_until = now, now + _life(answer.headers.get("Cache-Control", ""))


def _life(cache_control: str) -> timedelta:
    found = MAX_AGE.search(cache_control)
    return min(timedelta(seconds=int(found[1])), AT_MOST) if found else UNLESS_TOLD
