"""Sealing without cryptography: owner and purpose must match, and the text is not shown as it is."""

import base64
import hashlib

from shared.errors import Refused


class FakeSealer:
    def seal(self, plain: str, *, owner: str, purpose: str) -> str:
        return base64.b64encode(f"{owner}|{purpose}|{plain}".encode()).decode()

    def unseal(self, sealed: str, *, owner: str, purpose: str) -> str:
        text = base64.b64decode(sealed).decode()
        if not text.startswith(f"{owner}|{purpose}|"):
            raise Refused("sealed", "moved")
        return text.removeprefix(f"{owner}|{purpose}|")

    def sign(self, text: str, *, purpose: str) -> str:
        return hashlib.sha256(f"{purpose}|{text}".encode()).hexdigest()[:32]

    def verified(self, text: str, mac: str, *, purpose: str) -> bool:
        return self.sign(text, purpose=purpose) == mac
