"""Signatures of Standard Webhooks: the keys that two sides share, and what the sender makes of them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

SHORTEST_SECRET = 24
_PREFIX = "whsec_"


def secrets_of(text: str) -> tuple[bytes, ...]:
    """The keys of a secret: one or more `whsec_<base64>` with white space between, so that one can follow another.

    Raises `ValueError` for what is no such secret, or too short to be one.
    """
    keys = tuple(_key(word) for word in text.split())
    if not keys:
        raise ValueError("a webhook secret is missing")
    return keys


def _key(word: str) -> bytes:
    if not word.startswith(_PREFIX):
        raise ValueError("a webhook secret begins with whsec_")
    key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    if len(key) < SHORTEST_SECRET:
        raise ValueError("a webhook secret has 24 octets or more")
    return key


def signed_headers(keys: Sequence[bytes], name: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """The three headers of a webhook: its id, the time of this try, and a signature by each of the keys (T26).

    Full stops separate what is signed. An id may have some; none of its forms leaves a number between two of them.
    """
    stamp = str(int(at.timestamp()))
    signed = f"{name}.{stamp}.".encode() + body
    macs = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }
