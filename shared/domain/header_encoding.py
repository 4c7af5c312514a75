"""Header fields as bytes, from text that can no longer end a header early."""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from shared.domain.addresses import Person

FOLD: Final = "\r\n "
_WORD_BYTES: Final = 45
_PARAMETER_CHARS: Final = 60
_LONGEST_PLAIN: Final = 900
_ENDS_LINES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_PERCENT: Final = re.compile(r"%[0-9A-F]{2}|[^%]")


def unsafe(text: str) -> bool:
    """Whether a text could end a line in anybody's eyes: controls, line separators, halves of characters."""
    return not text.isprintable() and any(unicodedata.category(char) in _ENDS_LINES for char in text)


def field(name: str, value: str) -> bytes:
    """One header field. Raises `ValueError` where the value would become more than this one field (T15)."""
    if unsafe(value.replace(FOLD, "")):
        raise ValueError(f"unsafe value for {name}")
    return f"{name}: {value}\r\n".encode()


def words(text: str) -> str:
    """Free text: as it is if it is plain ASCII, else as encoded words (RFC 2047), folded."""
    if text.isascii() and text.isprintable() and "=?" not in text and len(text) <= _LONGEST_PLAIN:
        return text
    return FOLD.join(f"=?utf-8?B?{base64.b64encode(piece).decode('ascii')}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[bytes]:
    piece = b""
    for char in text:
        more = char.encode("utf-8", "replace")
        if len(piece) + len(more) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += more
    yield piece


def people(persons: Sequence[Person]) -> str:
    """An address list, one person a line (RFC 5322 3.4)."""
    return f",{FOLD}".join(map(_person, persons))


def _person(person: Person) -> str:
    if not person.name:
        return person.address
    encoded = words(person.name)
    name = encoded if encoded != person.name else quoted(person.name)
    return f"{name} <{person.address}>"


def quoted(text: str) -> str:
    """A quoted string of ASCII text."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def ids(message_ids: Iterable[str]) -> str:
    """Message-IDs, one a line."""
    return FOLD.join(message_ids)


def parameter(name: str, value: str) -> str:
    """A parameter of a header: quoted if ASCII and short, else by RFC 2231 in pieces that fit a line."""
    if value.isascii() and value.isprintable() and "=?" not in value and len(value) <= _PARAMETER_CHARS:
        return f";{FOLD}{name}={quoted(value)}"
    pieces = [""]
    for char in _PERCENT.findall(quote(value, safe="", errors="replace")):
        if len(pieces[-1]) + len(char) > _PARAMETER_CHARS:
            pieces.append("")
        pieces[-1] += char
    if len(pieces) == 1:
        return f";{FOLD}{name}*=utf-8''{pieces[0]}"
    first, *rest = pieces
    more = "".join(f";{FOLD}{name}*{at}*={piece}" for at, piece in enumerate(rest, 1))
    return f";{FOLD}{name}*0*=utf-8''{first}{more}"
