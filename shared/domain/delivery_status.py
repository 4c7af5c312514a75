"""What a delivery report says: who did not get which mail, and why (R57; RFC 3464, RFC 3463, RFC 6522)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.domain.addresses import Address, Person, address_key, normalise
from shared.domain.delivery_reasons import reason
from shared.domain.foreign_report import named_without_form
from shared.domain.headers import Headers, message_ids
from shared.domain.mail_parts import Leaf, read_tree
from shared.domain.message import Bounce

MOST_PARTS: Final = 200
LONGEST: Final = 100_000
"""Bytes that are looked at of one part of a report."""
_STATUS_PARTS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ORIGINALS: Final = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_UNKNOWN: Final = "5.0.0"
_NAMED: Final = ("original-recipient", "final-recipient", "x-actual-recipient")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A recipient whom a mail will not reach any more, under each address that the report has for them."""

    addresses: tuple[Address, ...]
    status: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """`original` is the Message-ID of the mail that it is about, if it says so.

    `wanted` names a part that Gmail did not give along, as part id and id to fetch: with it fetched, it is read again.
    """

    undelivered: tuple[Undelivered, ...] = ()
    original: str | None = None
    wanted: tuple[str, str] | None = None


def read_report(
    payload: Mapping[str, Any], headers: Headers, *, fetched: Mapping[str, bytes] | None = None
) -> DeliveryReport:
    """Read a report from Gmail's tree of its parts; what is only delayed or delivered is not in it. Never raises.

    What has no machine-readable part is read by what its sender is known to write (`X-Failed-Recipients`, and the
    forms that mailing lists know).
    """
    undelivered: list[Undelivered] = []
    original, wanted, formal, prose = None, None, False, ""
    for part in _parts(payload):
        kind = str(part.get("mimeType") or "").lower()
        leaf = _leaf(part)
        if kind in _STATUS_PARTS:
            formal = True
            octets = leaf.octets if leaf.octets is not None else (fetched or {}).get(leaf.part_id)
            if octets is None and leaf.remote_id:
                wanted = leaf.part_id, leaf.remote_id
            undelivered += _undelivered(_text(octets) if octets is not None else _below(part))
        elif kind in _ORIGINALS:
            original = original or _original(part, leaf)
        elif kind == "text/plain" and not prose:
            prose = _text(leaf.octets)
    if not formal:
        code = _code(prose) or _UNKNOWN
        undelivered = [Undelivered((one,), code) for one in named_without_form(headers, prose)]
        original = original or _quoted_id(prose)
    return DeliveryReport(tuple(undelivered), original, wanted)


def bounces(report: DeliveryReport, recipients: tuple[Person, ...], at: datetime) -> tuple[Bounce, ...]:
    """Those of a mail's recipients whom the report names, as they stand on the mail; anybody else is ignored.

    Who forges a report knows of nobody but those that the mail went to.
    """
    on_mail = {address_key(person.address): person.address for person in reversed(recipients)}
    found: dict[Address, Bounce] = {}
    for one in report.undelivered:
        address = next((on_mail[key] for key in map(address_key, one.addresses) if key in on_mail), None)
        if address:
            found.setdefault(address, Bounce(address, one.status, reason(one.status), at))
    return tuple(found.values())


def _parts(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts in their order, none of those inside a forwarded mail or a status part."""
    waiting: list[Mapping[str, Any]] = [payload]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        yield part
        if str(part.get("mimeType") or "").lower().startswith("multipart/"):
            waiting += reversed(_children(part))


def _children(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parts = part.get("parts")
    return [one for one in parts if isinstance(one, Mapping)] if isinstance(parts, list) else []


def _leaf(part: Mapping[str, Any]) -> Leaf:
    tree = read_tree({**part, "parts": []})
    return (tree.texts or tree.files)[0]


def _below(part: Mapping[str, Any]) -> str:
    """A status part that Gmail has taken apart: each block of fields is a part of its own."""
    blocks = []
    for one in _children(part)[:MOST_PARTS]:
        fields = [field for field in one.get("headers") or () if isinstance(field, Mapping)]
        lines = [f"{field.get('name', '')}: {field.get('value', '')}" for field in fields]
        blocks.append("\n".join(lines) + "\n" + _text(_leaf(one).octets))
    return "\n\n".join(blocks)[:LONGEST]


def _text(octets: bytes | None) -> str:
    return (octets or b"")[:LONGEST].decode("utf-8", "replace").replace("\r\n", "\n")


def _fields(block: str) -> Headers:
    lines = (line.partition(":") for line in _FOLD.sub(" ", block).split("\n"))
    return Headers.of((name.strip(), value.strip()) for name, colon, value in lines if colon)


def _undelivered(text: str) -> Iterator[Undelivered]:
    for block in re.split(r"\n[ \t]*\n", text):
        fields = _fields(block)
        action = (fields.first("action") or "").lower()
        status = _code(fields.first("status") or "") or _code(fields.first("diagnostic-code") or "")
        if action.startswith(("fail", "error")) or (not action and (status or "").startswith("5.")):
            addresses = tuple(filter(None, (_recipient(fields.first(name) or "") for name in _NAMED)))
            if addresses:
                yield Undelivered(addresses, status or _UNKNOWN)


def _recipient(value: str) -> Address | None:
    kind, semicolon, rest = value.partition(";")
    text = rest if semicolon and "@" not in kind else value
    return normalise(text.strip().strip("<>").strip())


def _code(text: str) -> str | None:
    found = _CODE.search(text)
    return ".".join(found.groups()) if found else None


def _original(part: Mapping[str, Any], leaf: Leaf) -> str | None:
    """The Message-ID of the mail that came along, whole or as its headers alone."""
    below = _children(part)
    if below:
        told = (one for one in below[0].get("headers") or () if isinstance(one, Mapping))
        value = Headers.of((str(one.get("name", "")), str(one.get("value", ""))) for one in told).first("message-id")
    else:
        value = _fields(_text(leaf.octets).partition("\n\n")[0]).first("message-id")
    return next(iter(message_ids(value or "")), None)


def _quoted_id(prose: str) -> str | None:
    """The Message-ID line of the mail that the text quotes."""
    found = re.search(r"^[> \t]*message-id:[ \t]*(<[^\n]{1,998})", prose, re.IGNORECASE | re.MULTILINE)
    return next(iter(message_ids(found[1])), None) if found else None
