"""Auto-BCC addresses: unguessable, one per user and location, the same in capitals (R60, T22)."""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

from shared.domain.addresses import Address, normalise
from shared.domain.identifiers import digest

TOKEN_OCTETS: Final = 20
MOST_TOKENS: Final = 20
"""Auto-BCC addresses of one mail that are looked at."""
_TOKEN: Final = re.compile(r"[a-z2-7]{32}")


def token_of(chance: str) -> str:
    """160 of the 256 random bits in `chance`, as lower-case base32: what stands before the @."""
    return base64.b32encode(hashlib.sha256(chance.encode()).digest()[:TOKEN_OCTETS]).decode().lower()


def token_key(token: str) -> str:
    """The name of the document that says whose a token is; the token itself is not in it."""
    return digest("auto_bcc", token)


def address_of(token: str, domain: str) -> Address:
    """The address that mail is sent to."""
    return Address(f"{token}@{domain}")


def tokens_among(recipients: Iterable[str], domain: str) -> tuple[str, ...]:
    """The tokens of those recipients that can be auto-BCC addresses, each once, at most `MOST_TOKENS`."""
    found = []
    for recipient in recipients:
        local, _, host = (normalise(recipient.strip()) or "").rpartition("@")
        if host == domain and _TOKEN.fullmatch(local):
            found.append(local)
    return tuple(dict.fromkeys(found))[:MOST_TOKENS]
