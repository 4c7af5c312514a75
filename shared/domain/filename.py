"""Names of attached files, fit to be shown and to be saved under (T21)."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 200
"""Octets of a shown name in UTF-8; every file system takes that many, with room for a browser's ` (1)`."""

_SEPARATORS: Final = re.compile(r"[/\\]")
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_LONGEST_READ: Final = 2_000
_LONGEST_SUFFIX: Final = 20


def shown_filename(name: str) -> str:
    """Reduce a sender's file name to its last part, without control and invisible characters; "" if nothing is left.

    Marks that file systems forbid become `_`, device names get one before them, dots and spaces at the end go, and
    what is too long is cut before its suffix.
    """
    last = _SEPARATORS.split(name[-_LONGEST_READ:])[-1]
    seen = "".join(char for char in unicodedata.normalize("NFC", last) if unicodedata.category(char) not in _UNSEEN)
    plain = " ".join(_FORBIDDEN.sub("_", seen).split()).rstrip(". ")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    return _fitted(plain)


def _fitted(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    room = LONGEST - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + suffix
