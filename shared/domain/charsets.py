"""Bytes of a mail into text, whatever charset they claim to be in."""

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Final

_WIDER: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "utf-8": "utf-8-sig",
}
_NAMES: Final = {
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "ks_c_5601-1987": "cp949",
    "unicode-1-1-utf-7": "utf-7",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
}
_UNALIASED: Final = {"cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "koi8_t", "koi8_u", "utf_8_sig"}
_PYTHON: Final = frozenset({*aliases, *aliases.values(), *_UNALIASED})
_LONGEST_NAME: Final = 40
_SEVERAL_OCTETS: Final = ("gb", "big5", "cp932", "cp949", "cp950", "euc", "shift", "iso2022", "hz", "johab")
_WIDE_UNICODE: Final = ("utf-16", "utf-32")
_THREE_OCTETS: Final = re.compile("[\u0800-\uffff]")
_C1: Final = re.compile("[\x80-\x9f]")
_MEANT: Final = {code: text for code in range(0x80, 0xA0) if (text := bytes([code]).decode("cp1252", "ignore"))}
_SAMPLE: Final = 10_000


def decode(octets: bytes, charset: str | None) -> str:
    """Read octets as text; never raises, puts U+FFFD where nothing fits.

    Western charsets are read as Windows means them and Chinese ones as their newest superset, as browsers do (WHATWG
    Encoding). A missing or unknown charset is UTF-8 where the octets are valid UTF-8, else Windows-1252.
    """
    codec = _codec(charset)
    if codec is None or codec == "cp1252":
        try:
            return octets.decode("utf-8-sig") if codec is None or _says_ascii(charset) else octets.decode("cp1252")
        except UnicodeDecodeError:
            return octets.decode("cp1252", "replace")
    try:
        return octets.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        return octets.decode("cp1252", "replace")


def decode_body(octets: bytes, charset: str | None) -> str:
    """Read a body: as `decode`, but octets that are plainly UTF-8 are read so whatever they claim to be.

    Gmail converts bodies to UTF-8 and leaves the label as it was; other gateways do, too. Control characters that are
    none in Windows-1252 are what they are there, as in HTML.
    """
    text = _likely(octets, charset)
    return text.translate(_MEANT) if _C1.search(text) else text


def _likely(octets: bytes, charset: str | None) -> str:
    codec = _codec(charset) or ""
    if codec == "utf-8-sig" or (octets.isascii() and not codec.startswith(_WIDE_UNICODE)):
        return decode(octets, charset)
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decode(octets, charset)
    return text if _is_plainly_utf8(octets, text, codec) else decode(octets, charset)


def _is_plainly_utf8(octets: bytes, text: str, codec: str) -> bool:
    """Whether valid UTF-8 is so by no accident.

    In a charset of one octet a character it never is beyond ASCII; in one of several, not from the second character of
    three octets on; UTF-16 and UTF-32 give themselves away by NUL.
    """
    if codec.startswith(_WIDE_UNICODE):
        return b"\0" not in octets
    if codec.startswith(_SEVERAL_OCTETS):
        return len(_THREE_OCTETS.findall(text[:_SAMPLE])) > 1
    return not octets.isascii()


def _says_ascii(charset: str | None) -> bool:
    return codecs.lookup(_named(charset)).name == "ascii"


def _named(charset: str | None) -> str:
    name = (charset or "").strip().strip("\"'").lower()
    return _NAMES.get(name, name)


def _codec(charset: str | None) -> str | None:
    """Python's name for the charset; names that Python does not list never reach its registry, which keeps misses."""
    name = _named(charset)
    if not name.isascii() or len(name) > _LONGEST_NAME:
        return None
    if normalize_encoding(name).replace(".", "_") not in _PYTHON:
        return None
    try:
        found = codecs.lookup(name)
    except LookupError:
        return None
    return _WIDER.get(found.name, found.name)
