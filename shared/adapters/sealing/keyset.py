"""The keyset: one key that is used from now on, and older ones that still read."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from functools import cache

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
KEY_BYTES = 32


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    primary: str
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class Keyset:
    """Master keys by id; each use has a key of its own, derived from them."""

    primary: str
    masters: dict[str, bytes] = field(repr=False)

    def derived(self, key_id: str, use: str) -> bytes:
        """32 bytes for one use only (HKDF-SHA256, RFC 5869). Raises `KeyError` for a key that is gone."""
        return _derived(self.masters[key_id], use)


@cache
def _derived(master: bytes, use: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=use.encode()).derive(master)


def parsed(text: str) -> Keyset:
    """The keyset from `{"primary": id, "keys": {id: base64 of 32 bytes}}`. Raises `ValueError`, without quoting it."""
    try:
        written = msgspec.json.decode(text, type=_Written)
        masters = {name: base64.b64decode(key, validate=True) for name, key in written.keys.items()}
    except (msgspec.DecodeError, binascii.Error):
        raise ValueError("the keyset is not as described") from None
    if written.primary not in masters or not all(map(KEY_ID.match, masters)):
        raise ValueError("the keyset's primary key is missing, or an id is not a plain word")
    if any(len(key) != KEY_BYTES for key in masters.values()):
        raise ValueError("each key of the keyset has 32 bytes")
    return Keyset(written.primary, masters)
