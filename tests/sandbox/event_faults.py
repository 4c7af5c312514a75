"""What the receiver of events can be told to do wrong, and what it looks at before it believes a webhook."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FRESH_S = 300
HANGS_S = 60.0


@dataclass(slots=True)
class EventFault:
    """For the next `times` webhooks, after that many others: a status, or silence; later, where there is a delay."""

    status: int = 0
    hang: bool = False
    delay_s: float = 0.0
    retry_after: str = ""
    after: int = 0
    times: int = 1_000_000

    @classmethod
    def read(cls, row: dict[str, Any]) -> "EventFault":
        """A fault as the control interface has it. Raises `ValueError`."""
        delay_s = float(row.pop("delay_ms", 0)) / 1000
        try:
            return cls(**row, delay_s=delay_s)
        except TypeError as error:
            raise ValueError(f"A fault has status, hang, delay_ms, retry_after, after, times: {error}.") from error

    def strikes(self) -> bool:
        """Whether it happens now; counts the webhook."""
        if self.times <= 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


def verified(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: float) -> bool:
    """Whether a webhook is its sender's and fresh, as a receiver in the CRM decides it (Standard Webhooks).

    `secrets` are written `whsec_<base64>`; `now` is in seconds since 1970. Every signature is compared with every
    secret, in constant time.
    """
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (name and stamp.isascii() and stamp.isdigit() and abs(now - int(stamp)) <= FRESH_S):
        return False
    found = False
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        own = hmac.digest(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
        for word in headers.get("webhook-signature", "").split():
            version, _, mac = word.partition(",")
            found |= version == "v1" and hmac.compare_digest(own, _octets(mac))
    return found


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
