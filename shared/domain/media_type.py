"""Content-Type and Content-Disposition: a token and its parameters, continued and encoded ones too (RFC 2045, 2231)."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from shared.domain import charsets
from shared.domain.encoded_words import decode_words

_PARAMETER: Final = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*+"|[^;"]*)', re.DOTALL)
_SECTION: Final = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_CHARSET: Final = re.compile("([^']*)'[^']*'")
_TOKEN: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}(?:/[a-z0-9!#$&^_.+-]{1,127})?")
LONGEST: Final = 20_000
MOST_SECTIONS: Final = 500


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A value such as `text/plain; charset=utf-8`: its `kind` and the names of `parameters` in lower case."""

    kind: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def parameterised(value: str | None) -> Parameterised:
    """Read a Content-Type or Content-Disposition value; what is no token becomes empty. Never raises.

    Of a value longer than `LONGEST` characters only that much is read. A parameter in the encoded form of RFC 2231
    wins over its plain twin; of plain twins the first wins.
    """
    text = re.sub(r"\r?\n(?=[ \t])", "", value or "")[:LONGEST]
    head = text.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, raw in _PARAMETER.findall(text):
        section = _SECTION.fullmatch(name.lower())
        if section is None:
            continue
        if section[2] is None and section[3] is None:
            plain.setdefault(section[1], _unquoted(raw))
        elif len(held := sections.setdefault(section[1], {})) < MOST_SECTIONS:
            held.setdefault(int(section[2] or 0), (_unquoted(raw), section[3] is not None))
    joined = {name: text for name, held in sections.items() if (text := _joined(held))}
    return Parameterised(head if _TOKEN.fullmatch(head) else "", {**plain, **joined})


def _unquoted(raw: str) -> str:
    raw = raw.strip()
    if raw.startswith('"'):
        raw = re.sub(r"\\(.)", r"\1", raw[1:-1])
    return decode_words(raw)


def _joined(held: dict[int, tuple[str, bool]]) -> str:
    """Put the sections of one parameter together, up to the first that is missing."""
    charset, octets = "", bytearray()
    for number in range(len(held)):
        if number not in held:
            break
        text, encoded = held[number]
        if encoded and number == 0 and (marked := _CHARSET.match(text)):
            charset, text = marked[1], text[marked.end() :]
        octets += unquote_to_bytes(text) if encoded else text.encode("utf-8", "surrogatepass")
    return charsets.decode(bytes(octets), charset)
