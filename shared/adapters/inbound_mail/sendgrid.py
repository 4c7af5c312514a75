"""Twilio SendGrid's Inbound Parse with the raw mail and a signature policy.

SendGrid checks DKIM itself and names each signing domain with its result in the field `dkim`; that field is all that is
believed about the sender. It checks no DMARC, its SPF is about the envelope only, and what Authentication-Results the
mail itself has is anybody's.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from shared.domain.media_type import parameterised
from shared.domain.mime import MOST_HEADER_OCTETS, parse_mail
from shared.errors import Rejected
from shared.ports.inbound_mail import Arrival

AGO, AHEAD = timedelta(days=3, hours=1), timedelta(minutes=5)
"""SendGrid goes on trying for three days. A repeat is known by its content for longer than that."""
SERVER = "sendgrid"
FIELDS = ("dkim", "envelope", "email")
_DOMAIN = re.compile(r"[A-Za-z0-9._-]{1,253}")
_RESULT = re.compile(r"\s*@([A-Za-z0-9._-]{1,253})\s*:\s*([a-z]{1,40})\s*")


class Envelope(msgspec.Struct):
    """The field `envelope`."""

    to: list[str]
    sender: str = msgspec.field(name="from", default="")


def public_keys(texts: Sequence[str]) -> tuple[ec.EllipticCurvePublicKey, ...]:
    """The keys as SendGrid's console shows them, base64 of DER. Raises `ValueError` for anything else."""
    keys = [load_der_public_key(base64.b64decode(text, validate=True)) for text in texts]
    if not all(isinstance(key, ec.EllipticCurvePublicKey) for key in keys):
        raise ValueError("SendGrid's keys are of an elliptic curve")
    return tuple(key for key in keys if isinstance(key, ec.EllipticCurvePublicKey))


class SendGridMail:
    """Requests of Inbound Parse, signed with one of the keys."""

    def __init__(self, keys: tuple[ec.EllipticCurvePublicKey, ...]) -> None:
        self._keys = keys

    def open(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrival:
        """The mail; signed are the time and the whole body, which names the mail for as long as it may come again."""
        stamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
        signature = headers.get("x-twilio-email-event-webhook-signature", "")
        if not (_is_timely(stamp, now) and self._signed(signature, stamp.encode() + body)):
            raise Rejected("unauthenticated", "The request is not signed by SendGrid.")
        fields = _fields(headers.get("content-type", ""), body)
        envelope = _envelope(fields)
        name, mail = hashlib.sha256(body).hexdigest(), _only(fields, "email")
        results = _results(fields) if _signs_plainly(mail) else SERVER
        return Arrival(f"sendgrid:{name}", envelope.sender, tuple(envelope.to), mail, SERVER, results)

    def _signed(self, signature: str, signed: bytes) -> bool:
        try:
            octets = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return any(_verified(key, octets, signed) for key in self._keys)


def _verified(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _is_timely(stamp: str, now: datetime) -> bool:
    if not re.fullmatch(r"[0-9]{1,12}", stamp):
        return False
    return -AHEAD <= now - datetime.fromtimestamp(int(stamp), UTC) <= AGO


def _fields(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The form's fields that count, in their order. The form is MIME: the strict reader of mail reads it."""
    if "\r" in content_type or "\n" in content_type or not content_type.lower().startswith("multipart/form-data"):
        raise Rejected("invalid_request", "The request is SendGrid's multipart/form-data.")
    tree = parse_mail(b"Content-Type: " + content_type.encode("utf-8", "replace") + b"\r\n\r\n" + body)
    found = []
    for part in tree.payload.get("parts", ()):
        headers = {one["name"].lower(): one["value"] for one in part["headers"]}
        name = parameterised(headers.get("content-disposition")).parameters.get("name", "")
        if name in FIELDS:
            found.append((name, _octets(part)))
    return found


def _octets(part: Mapping[str, Any]) -> bytes:
    data = part.get("body", {}).get("data", b"")
    return data if isinstance(data, bytes) else b""


def _only(fields: list[tuple[str, bytes]], name: str) -> bytes:
    values = [value for known, value in fields if known == name]
    if len(values) != 1:
        raise Rejected("invalid_request", f"The form has not exactly one field {name}.")
    return values[0]


def _envelope(fields: list[tuple[str, bytes]]) -> Envelope:
    try:
        return msgspec.json.decode(_only(fields, "envelope"), type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected("invalid_request", "The envelope cannot be read.") from error


def _signs_plainly(mail: bytes) -> bool:
    """Whether each signing domain is a mere domain: another one could hold what `dkim` says of somebody else's."""
    values = parse_mail(mail[: MOST_HEADER_OCTETS + 1]).headers.all("dkim-signature")
    tags = [tag.partition("=") for value in values for tag in value.split(";")]
    return all(_DOMAIN.fullmatch(text.strip()) for name, _, text in tags if name.strip() == "d")


def _results(fields: list[tuple[str, bytes]]) -> str:
    """What `dkim` says, as Authentication-Results would; nothing unless it comes once, and before the mail.

    SendGrid's boundary can be guessed: a sender could write fields of his own into the mail.
    """
    names = [name for name, _ in fields]
    if names.count("dkim") != 1 or names.index("dkim") > names.index("email"):
        return SERVER
    text = fields[names.index("dkim")][1].decode("ascii", "replace").strip()
    if not (text.startswith("{") and text.endswith("}")):
        return SERVER
    found = [_RESULT.fullmatch(one) for one in text[1:-1].split(",")]
    return SERVER + "".join(f"; dkim={one[2]} header.d={one[1]}" for one in found if one)
