"""Encoded words in headers (RFC 2047), read as people see them."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from shared.domain import charsets

_WORD: Final = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?([bBqQ])\?([^?\r\n]*)\?=")
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def decode_words(text: str) -> str:
    """Decode the encoded words of a text; what is not a sound encoded word stays as it is. Never raises, linear.

    Neighbouring words of one charset are joined before they are decoded, since mailers cut characters in two, and the
    white space between words goes (RFC 2047 6.2).
    """
    if "=?" not in text:
        return text
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    charset, held, end = "", bytearray(), 0
    for word in _WORD.finditer(text):
        octets = _octets(word[2], word[3])
        if octets is None:
            continue
        between = text[end : word.start()]
        adjacent = bool(charset) and not between.strip()
        if not (adjacent and word[1].lower() == charset):
            yield charsets.decode(bytes(held), charset)
            held.clear()
        if not adjacent:
            yield between
        charset, end = word[1].lower(), word.end()
        held += octets
    yield charsets.decode(bytes(held), charset)
    yield text[end:]


def _octets(encoding: str, text: str) -> bytes | None:
    """Return what one word holds, or None if it cannot be read."""
    if encoding in "qQ":
        octets = text.replace("_", " ").encode("utf-8", "surrogatepass")
        return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), octets)
    if not _BASE64.fullmatch(text):
        return None
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return None
