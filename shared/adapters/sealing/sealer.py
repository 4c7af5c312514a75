"""Ciphertexts that open only where they were made for, and MACs for what must come back unaltered."""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.adapters.sealing.keyset import Keyset
from shared.errors import Refused

NONCE_BYTES = 12
MAC_DIGITS = 32
VERSION = "1"


class KeysetSealer:
    """AES-256-GCM and HMAC-SHA256. A ciphertext reads `1.<key id>.<base64url of nonce, ciphertext and tag>`.

    Owner, purpose and key id are its associated data, so that it opens in no other document and for no other purpose.
    """

    def __init__(self, keyset: Keyset) -> None:
        self._keyset = keyset

    def seal(self, plain: str, *, owner: str, purpose: str) -> str:
        """Ciphertext as text, under the primary key and a fresh random nonce."""
        key_id = self._keyset.primary
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher(key_id, purpose).encrypt(nonce, plain.encode(), _bound(owner, purpose, key_id))
        return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, *, owner: str, purpose: str) -> str:
        """The plain text. Raises `Refused` if it was altered, moved, or its key is gone."""
        try:
            version, key_id, text = sealed.split(".")
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            if version != VERSION or base64.urlsafe_b64encode(raw).decode() != text:
                raise ValueError
            cipher = self._cipher(key_id, purpose)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(owner, purpose, key_id)).decode()
        except (ValueError, KeyError, binascii.Error, InvalidTag):
            raise Refused("unsealable", "The ciphertext was altered or moved, or its key is gone.") from None

    def sign(self, text: str, *, purpose: str) -> str:
        """A MAC of the text by the primary key, 32 hex digits."""
        return self._mac(self._keyset.primary, text, purpose)

    def verified(self, text: str, mac: str, *, purpose: str) -> bool:
        """Whether the MAC is that of the text, by any key of the keyset, in constant time."""
        given = mac.encode("utf-8", "surrogatepass")
        matches = [
            hmac.compare_digest(self._mac(key_id, text, purpose).encode(), given) for key_id in self._keyset.masters
        ]
        return any(matches)

    def _cipher(self, key_id: str, purpose: str) -> AESGCM:
        return AESGCM(self._keyset.derived(key_id, f"seal:{purpose}"))

    def _mac(self, key_id: str, text: str, purpose: str) -> str:
        key = self._keyset.derived(key_id, f"sign:{purpose}")
        return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:MAC_DIGITS]


def _bound(owner: str, purpose: str, key_id: str) -> bytes:
    return "".join(f"{len(part)}:{part}" for part in (owner, purpose, key_id)).encode()
