"""Our own form: `message/rfc822`, signed as Standard Webhooks are, the verdict in our receiver's own header field."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from shared.errors import Rejected
from shared.ports.inbound_mail import Arrival

FRESH = timedelta(minutes=5)
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RawMail:
    """Requests of the deployment's own mail receiver, which calls itself `server` in Authentication-Results."""

    def __init__(self, secrets: tuple[bytes, ...], server: str) -> None:
        self._secrets, self._server = secrets, server

    def open(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrival:
        """The mail; signed are id, time, both lines of the envelope, and the mail, octet by octet."""
        name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        sender, recipients = headers.get("inbound-mail-from", ""), headers.get("inbound-rcpt-to", "")
        signed = b"\n".join([f"{name}.{stamp}.{sender}".encode(), recipients.encode(), body])
        if not (_ID.fullmatch(name) and _is_fresh(stamp, now) and self._signed(headers, signed)):
            raise Rejected("unauthenticated", "The request is not signed by the mail receiver.")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "message/rfc822":
            raise Rejected("invalid_request", "The body is a mail, message/rfc822.")
        to = tuple(one.strip().strip("<>") for one in recipients.split(",") if one.strip())
        return Arrival(f"raw:{name}", sender.strip().strip("<>"), to, body, self._server)

    def _signed(self, headers: Mapping[str, str], signed: bytes) -> bool:
        """Whether one of the signatures is that of one of the keys; every pair is compared, in constant time."""
        given = [word[3:] for word in headers.get("webhook-signature", "").split()[:8] if word.startswith("v1,")]
        found = False
        for key in self._secrets:
            own = hmac.digest(key, signed, hashlib.sha256)
            for text in given:
                found |= hmac.compare_digest(own, _octets(text))
        return found


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_fresh(stamp: str, now: datetime) -> bool:
    if not re.fullmatch(r"[0-9]{1,12}", stamp):
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= FRESH
