"""What should become of a mail, as the NAME.json beside NAME.eml says, and how that differs from what did."""

import re
from collections.abc import Iterator
from textwrap import shorten
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

Row = dict[str, Any]
MOST_SHOWN = 200


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody in a header; an empty name where the mail gives none."""

    name: str | None
    address: str


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file as it is shown; no name where the mail gives none, no size where Gmail's own count is not known."""

    filename: str | None
    content_type: str | None = None
    size: int | None = None


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"sender": "from"}):
    """Fields that are not set are not compared. `after` names a mail that must arrive before."""

    why: str
    outcome: Literal["stored", "left_out", "parked"]
    rule: str | None
    conversation: str | None
    labels: tuple[str, ...] = ("INBOX", "UNREAD")
    after: str | None = None
    subject: str | None = None
    sender: Named | None = None
    to: tuple[Named, ...] | None = None
    cc: tuple[Named, ...] | None = None
    text_contains: tuple[str, ...] = ()
    html_contains: tuple[str, ...] = ()
    html_excludes: tuple[str, ...] = ()
    attachments: tuple[File, ...] | None = None
    authenticated: Literal["pass", "fail", "none"] | None = None
    automatic: bool | None = None
    reference_for: tuple[str, ...] = ()


def differences(expected: Expectation, item: Row, message: Row | None) -> Iterator[str]:
    """One sentence for each difference between the expectation and explain's item with its message."""
    yield from _unlike("outcome", expected.outcome, item["decision"])
    yield from _unlike("rule", expected.rule, item["rule"])
    if message is None:
        return
    yield from _unlike("conversation", expected.conversation, message["conversation"])
    for name in ("subject", "authenticated", "automatic"):
        yield from _unlike(name, getattr(expected, name), message[name])
    for name, people in (("to", expected.to), ("cc", expected.cc)):
        yield from _unlike(name, None if people is None else [_person(one) for one in people], message[name])
    yield from _unlike("from", expected.sender and _person(expected.sender), message["from"])
    yield from _attachments(expected.attachments, message["attachments"])
    yield from _words(expected, message)


def _unlike(name: str, wanted: object, seen: object) -> Iterator[str]:
    if wanted is not None and wanted != seen:
        yield f"{name} is {shorten(repr(seen), MOST_SHOWN)}, not {shorten(repr(wanted), MOST_SHOWN)}"


def _person(told: Named) -> Row:
    # A mail says nothing where the CRM's answer says null.
    return {"name": told.name or None, "address": told.address}


def _attachments(wanted: tuple[File, ...] | None, seen: list[Row]) -> Iterator[str]:
    if wanted is None:
        return
    names = [one["filename"] for one in seen]
    yield from _unlike("the number of files", len(wanted), len(seen))
    for told, one in zip(wanted, seen, strict=False):
        # A file that the mail does not name is given a name, whatever that is.
        known = {name: value for name, value in msgspec.structs.asdict(told).items() if value is not None}
        yield from _unlike(f"a file of {names}", known, {name: one[name] for name in known})


def _words(expected: Expectation, message: Row) -> Iterator[str]:
    text, html = message["text"] or "", _as_written(message)
    yield from (f"its text lacks {part!r}" for part in expected.text_contains if part not in text)
    yield from (f"its HTML lacks {part!r}" for part in expected.html_contains if unquote(part) not in html)
    yield from (f"its HTML has {part!r}" for part in expected.html_excludes if part in html)


def _as_written(message: Row) -> str:
    """The HTML with the mail's own images named as the mail names them, not by the address of their bytes."""
    html = unquote(message["html"] or "")
    for one in message["attachments"]:
        if one["content_id"]:
            html = re.sub(rf"[^\"]*/attachments/{re.escape(one['id'])}(?=\")", f"cid:{one['content_id']}", html)
    return html
