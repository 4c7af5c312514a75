"""The header block of a mail: split without judging, read, and rewritten without touching the rest."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.sandbox.gmail_simulator.encoded_words import decode_names, decode_text

ADDRESS_HEADERS = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to", "resent-from", "resent-to", "resent-cc"})

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Field:
    """One header: its name, its unfolded value, and its lines as they stood."""

    name: str
    value: str
    lines: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """The headers of a mail or part, and where its body begins."""

    fields: tuple[Field, ...]
    body_at: int

    def first(self, name: str) -> str | None:
        """The value of the first header of that name (lower case); None if there is none."""
        return next((f.value for f in self.fields if f.name.lower() == name), None)

    def all(self, name: str) -> list[str]:
        """The values of all headers of that name (lower case)."""
        return [f.value for f in self.fields if f.name.lower() == name]


def split(raw: bytes, start: int = 0, end: int | None = None) -> Block:
    """The headers of raw[start:end]; they end at an empty line or at the first line that is no header."""
    stop = len(raw) if end is None else end
    found: list[list[bytes]] = []
    at = start
    while at < stop:
        line_end = raw.find(b"\n", at, stop) + 1 or stop
        line = raw[at:line_end]
        if line in {b"\r\n", b"\n"}:
            at = line_end
            break
        if line[:1] in {b" ", b"\t"} and found:
            found[-1].append(line)
        elif _FIELD.match(line):
            found.append([line])
        elif at != start or not line.startswith((b"From ", b">From ")):
            break
        at = line_end
    return Block(tuple(_field(lines) for lines in found), at)


def _field(lines: list[bytes]) -> Field:
    whole = b"".join(lines)
    match = _FIELD.match(whole)
    name, rest = (match[1], match[2]) if match else (b"", whole)
    try:
        text = rest.decode("utf-8")
    except UnicodeDecodeError:
        text = rest.decode("latin-1")
    return Field(name.decode("ascii"), _FOLD.sub("", text).strip(" \t\r\n"), whole)


def shown(field: Field) -> str:
    """The value as the Gmail API gives it: unfolded, encoded words decoded."""
    return decode_names(field.value) if field.name.lower() in ADDRESS_HEADERS else decode_text(field.value)


def rewritten(raw: bytes, block: Block, *, drop: Iterable[str] = (), add: Iterable[tuple[str, str]] = ()) -> bytes:
    """The mail without the headers named in `drop` (lower case) and with those of `add` in front."""
    line_end = "\r\n" if b"\r\n" in raw[: block.body_at] or not block.fields else "\n"
    gone = frozenset(drop)
    new = "".join(f"{name}: {value}{line_end}" for name, value in add).encode()
    kept = [f.lines if f.lines.endswith(b"\n") else f.lines + line_end.encode() for f in block.fields]
    left = b"".join(lines for f, lines in zip(block.fields, kept, strict=True) if f.name.lower() not in gone)
    return b"".join([new, left, line_end.encode(), raw[block.body_at :]])


def message_ids(*values: str | None) -> list[str]:
    """The Message-IDs in References-like values, in order, angle brackets kept."""
    return [found for value in values if value for found in _MESSAGE_ID.findall(value)]
