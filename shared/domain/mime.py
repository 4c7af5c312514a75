"""A mail's bytes as the tree of parts that Gmail's API shows, so that one reader serves both (RFC 2045, 2046, 5322)."""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.headers import Headers
from shared.domain.mail_parts import MOST_PARTS
from shared.domain.media_type import Parameterised, parameterised

MOST_LINES: Final = 100_000
"""Header lines of all parts together; twenty thousand recipients fit."""
MOST_HEADER_OCTETS: Final = 1_500_000
"""Octets of the header lines of all parts together."""
DEEPEST: Final = 250
MOST_DASHES: Final = 400_000
"""Lines of a mail that begin as a boundary does and are looked at."""
_LONGEST_BOUNDARY: Final = 200
_FIELD: Final = re.compile(rb"([!-9;-~]{1,1000})[ \t]*:(.*)", re.DOTALL)
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_ENVELOPES: Final = (b"From ", b">From ")
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOISE: Final = bytes(octet for octet in range(256) if octet not in _BASE64)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tree as `read_content` takes it, its octets as they are, and the topmost headers.

    `partial` if the mail has more header lines, parts or levels than are read. `sound` if whoever else reads the mail
    finds the same topmost fields (T38): an empty line ends them, and no octet is a line's end to some readers only.
    """

    payload: Mapping[str, Any]
    headers: Headers
    partial: bool
    sound: bool


class _Enough(Exception):
    """The mail has more of something than is read."""


@dataclass(slots=True)
class _Open:
    """A part whose end is not known yet; without a boundary it has no parts of its own."""

    part: dict[str, Any]
    body_at: int
    encoding: str
    boundary: bytes | None
    children: list[dict[str, Any]] = field(default_factory=list)


def parse_mail(raw: bytes) -> Parsed:
    """Take a mail apart in one pass. Never raises; broken mail becomes the nearest tree.

    A forwarded mail stays one part. What is nested deeper than `DEEPEST` is text.
    """
    reading = _Reading(raw)
    partial = False
    try:
        reading.run()
    except _Enough:
        partial = True
    reading.end(len(raw))
    fields = tuple((one["name"], one["value"]) for one in reading.root.get("headers", ()))
    return Parsed(reading.root, Headers(fields), partial or reading.cut, _is_sound(raw, reading.head))


class _Reading:
    """One pass over the bytes, with the multiparts that are open at its place."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.root: dict[str, Any] = {}
        self.cut = False
        self.head = 0
        self._open: list[_Open] = []
        self._levels: dict[bytes, int] = {}
        self._parts, self._lines, self._octets, self._dashes = 0, 0, 0, 0

    def run(self) -> None:
        at = self.head = self._begin(0)
        while self._levels:
            found = self._delimiter(at)
            if found is None:
                return
            before, at, level, last = found
            self._close(level + 1, before)
            if last:
                self._close(level, before)
            else:
                at = self._begin(at)

    def end(self, at: int) -> None:
        self._close(0, at)

    def _begin(self, start: int) -> int:
        """Open the part that starts there → where its body does."""
        if self._parts >= MOST_PARTS:
            raise _Enough
        self._parts += 1
        above = self._open[-1] if self._open else None
        place = str(len(above.children)) if above else ""
        prefix = above.part["partId"] if above else ""
        part: dict[str, Any] = {"partId": f"{prefix}.{place}" if prefix else place, "headers": []}
        if above:
            above.children.append(part)
        else:
            self.root = part
        body_at = self._headers(part, start)
        headers = {one["name"].lower(): one["value"] for one in reversed(part["headers"])}
        declared = parameterised(headers.get("content-type"))
        part["mimeType"] = declared.kind if "/" in declared.kind else "text/plain"
        encoding = re.split(r"[;\s(]", headers.get("content-transfer-encoding", "").strip().lower(), maxsplit=1)[0]
        boundary = self._boundary(declared)
        self._open.append(_Open(part, body_at, encoding, boundary))
        if boundary:
            self._levels[boundary] = len(self._open) - 1
        return body_at

    def _boundary(self, declared: Parameterised) -> bytes | None:
        """The boundary by which the part's own parts are told; none if an outer part has the same."""
        boundary = declared.parameters.get("boundary", "").encode("utf-8", "surrogateescape").rstrip()
        if not declared.kind.startswith("multipart/") or not 0 < len(boundary) <= _LONGEST_BOUNDARY:
            return None
        if len(self._open) >= DEEPEST:
            self.cut = True
            return None
        return None if boundary in self._levels else boundary

    def _headers(self, part: dict[str, Any], start: int) -> int:
        """Read a part's fields: up to an empty line, a boundary, or the first line that is no header."""
        raw, at, lines = self.raw, start, list[list[bytes]]()
        try:
            while at < len(raw):
                end = raw.find(b"\n", at) + 1 or len(raw)
                self._octets += end - at
                if self._octets > MOST_HEADER_OCTETS:
                    raise _Enough
                line = raw[at:end]
                if line in {b"\r\n", b"\n"}:
                    return end
                if line[:1] in {b" ", b"\t"} and lines:
                    lines[-1].append(line)
                elif _FIELD.match(line) and not (line.startswith(b"--") and self._told(at, end)):
                    lines.append([line])
                elif at != start or not line.startswith(_ENVELOPES):
                    return at
                at = end
                self._lines += 1
                if self._lines > MOST_LINES:
                    raise _Enough
            return at
        finally:
            part["headers"] = [_field(b"".join(one)) for one in lines]

    def _delimiter(self, at: int) -> tuple[int, int, int, bool] | None:
        """The next line that ends a part: where that part ends, where the line does, the level, whether it closes."""
        raw = self.raw
        line = raw.find(b"\n--", at - 1) + 1
        while line:
            self._dashes += 1
            if self._dashes > MOST_DASHES:
                raise _Enough
            end = raw.find(b"\n", line) + 1 or len(raw)
            if told := self._told(line, end):
                before = line - 2 if raw[line - 2 : line - 1] == b"\r" else line - 1
                return before, end, *told
            line = raw.find(b"\n--", end - 1) + 1
        return None

    def _told(self, line: int, end: int) -> tuple[int, bool] | None:
        """The level of the multipart whose boundary the line is, the outermost first, and whether it closes it."""
        if end - line > _LONGEST_BOUNDARY + 100:
            return None
        text = self.raw[line + 2 : end].rstrip()
        found = [(self._levels[text], False)] if text in self._levels else []
        if text.endswith(b"--") and (bare := text[:-2].rstrip()) in self._levels:
            found.append((self._levels[bare], True))
        return min(found) if found else None

    def _close(self, level: int, at: int) -> None:
        """End all parts from a level on; one that turned out to have no parts is itself the text."""
        while len(self._open) > level:
            one = self._open.pop()
            if one.boundary:
                del self._levels[one.boundary]
            if one.children:
                one.part["parts"] = one.children
                continue
            octets = _decoded(self.raw[one.body_at : max(at, one.body_at)], one.encoding)
            one.part["body"] = {"size": len(octets), "data": octets}


def _is_sound(raw: bytes, end: int) -> bool:
    """Whether the topmost headers, which end there, end beyond doubt, and their lines are the same to every reader."""
    head = raw[:end]
    ended = bool(head) and (end == len(raw) or head.endswith((b"\n\n", b"\n\r\n")))
    line_ends, bare = head.count(b"\r\n"), head.count(b"\n")
    alike = bare == line_ends or raw.find(b"\r\n", end) < 0
    return ended and alike and head.count(b"\r") == line_ends and b"\0" not in head


def _field(whole: bytes) -> dict[str, str]:
    match = _FIELD.match(whole)
    name, rest = (match[1], match[2]) if match else (b"", whole)
    try:
        text = rest.decode("utf-8")
    except UnicodeDecodeError:
        text = rest.decode("latin-1")
    return {"name": name.decode("ascii"), "value": _FOLD.sub("", text).strip(" \t\r\n")}


def _decoded(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding as far as it goes."""
    if encoding == "base64":
        clean = body.translate(None, _NOISE)
        clean = clean[:-1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    return binascii.a2b_qp(body) if encoding == "quoted-printable" else body
