"""Whose mail it is: the one strict reader of header addresses, and when two addresses are the same person's."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NewType

import idna

from shared.domain.address_list import Element, elements
from shared.domain.encoded_words import decode_words

Address = NewType("Address", str)
"""Lower-cased, its domain in A-labels; equal exactly if the mail goes to the same place."""

LONGEST_NAME: Final = 200
MOST_SENDERS: Final = 100
"""From headers that are read of one mail."""
_LONGEST_ADDRESS, _LONGEST_LOCAL, _LONGEST_DOMAIN = 254, 64, 253
_ATEXT: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOT_ATOM: Final = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_PLAIN: Final = re.compile(rf"({_ATEXT}(?:\.{_ATEXT})*)@([a-z0-9.-]+)", re.ASCII)
_QUOTED: Final = re.compile(r'"((?:[ !#-?A-\[\]-~]|\\[ -?A-~])+)"')
_HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_HIDDEN: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BETWEEN: Final = re.compile(r'[\s<>"(),;:\[\]\\]+')
_EDGES: Final = "'`.|*!?-\u2013\u2014\u2018\u2019\u201c\u201d\u00ab\u00bb"
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a header: the name written there, perhaps empty, and the address."""

    name: str
    address: Address


@dataclass(frozen=True, slots=True)
class Reading:
    """The people of a header in its order; `ambiguous` if something in it could not be read as exactly one person."""

    people: tuple[Person, ...]
    ambiguous: bool


def read_addresses(value: str) -> Reading:
    """Read the people of one From, To, Cc or Bcc header (RFC 5322 3.4, 4.4; RFC 2047; RFC 6532). Never raises, linear.

    Elements that two readers could take for different people are left out and reported (R35): a display name or
    comment that shows another address, several addresses in one element, control characters, broken quoting, address
    literals, what is no valid address.
    """
    read = [_person(element) for element in elements(value)]
    return Reading(tuple(person for person in read if person), None in read)


def mentioned(value: str) -> tuple[Address, ...]:
    """Every address that anybody might read in a header value, each once: for what is kept out in doubt (R24)."""
    text = _HIDDEN.sub("", decode_words(value))
    words = (word.strip(_EDGES) for word in _BETWEEN.split(text) if "@" in word)
    return tuple(dict.fromkeys(address for word in words if (address := normalise(word))))


def read_sender(values: Sequence[str]) -> Person | None:
    """Read the sender that the From headers agree on (R35): one mailbox, in no group, beyond doubt; else None."""
    if len(values) > MOST_SENDERS:
        return None
    read = [list(elements(value)) for value in values]
    people = [_person(element) for header in read for element in header]
    first = people[0] if people and all(read) else None
    if first is None or any(element.grouped for header in read for element in header):
        return None
    return first if all(person and person.address == first.address for person in people) else None


def normalise(address: str) -> Address | None:
    """Bring an address into the form that is compared and stored; None if it is not exactly one bare valid one.

    Case goes, unneeded quotes go, international domains become A-labels (RFC 5321 4.1.2, RFC 5891). Characters that
    merely look or expand like others are refused rather than mapped.
    """
    if len(address) > _LONGEST_ADDRESS or not _sound(address):
        return None
    low = address.lower()
    plain = _PLAIN.fullmatch(low)
    local, domain = plain.groups() if plain else (_local(address.rpartition("@")[0]), low.rpartition("@")[2])
    host = _domain(domain)
    if local is None or host is None or len(local.encode()) > _LONGEST_LOCAL:
        return None
    whole = f"{local}@{host}"
    return Address(whole) if len(whole.encode()) <= _LONGEST_ADDRESS else None


def canonical(address: Address) -> Address:
    """Drop what Gmail ignores in an address (R35): to tell internal people, never to send to or to match contacts.

    What follows a plus goes in every domain; `googlemail.com` is `gmail.com`, where dots in the local part go too.
    """
    local, _, domain = address.rpartition("@")
    if not local.startswith('"'):
        local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return Address(f"{local}@{domain}")


def address_key(address: Address) -> str:
    """Name the document that indexes an address: 40 hex digits of SHA-256 of its canonical form."""
    return hashlib.sha256(canonical(address).encode()).hexdigest()[:40]


def _person(element: Element) -> Person | None:
    address = normalise(element.address) if element.address else None
    if address is None:
        return None
    names = [decode_words(name) for name in element.names]
    if any((not name.isprintable() and _unsafe(name)) or _shows_another(name, address) for name in names):
        return None
    shown = next((tidy for tidy in map(_tidy, names) if tidy), "")
    return Person(shown[:LONGEST_NAME].strip(), address)


def _tidy(name: str) -> str:
    return " ".join(_HIDDEN.sub("", name).split())


def _unsafe(text: str) -> bool:
    """Control characters other than the tab, line and paragraph separators, halves of characters."""
    return any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in set(text) - {"\t"})


def _shows_another(name: str, address: Address) -> bool:
    """Whether people would read an address in the name that is not the real one."""
    if name.isascii() and "@" not in name:
        return False
    seen = _HIDDEN.sub("", name).replace("\uff20", "@").replace("\ufe6b", "@")
    shown = (word.strip(_EDGES) for word in _BETWEEN.split(seen) if "@" in word[1:-1])
    return any(word.lower() != address and normalise(word) != address for word in shown if "@" in word[1:-1])


def _sound(text: str) -> bool:
    """Whether each character stands for itself: composed, and no look-alike of an ASCII one."""
    if text.isascii():
        return True
    if unicodedata.normalize("NFC", text) != text:
        return False
    odd = (char for char in text if char >= "\x80")
    return all(unicodedata.category(char)[0] in "LMN" and not any(low < "\x80" for low in char.lower()) for char in odd)


def _local(text: str) -> str | None:
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        low = text.lower()
        return low if _DOT_ATOM.fullmatch(low) else None
    bare = re.sub(r"\\(.)", r"\1", quoted[1]).lower()
    if _DOT_ATOM.fullmatch(bare):
        return bare
    return '"' + re.sub(r'(["\\])', r"\\\1", bare) + '"'


@lru_cache(maxsize=1024)
def _domain(text: str) -> str | None:
    if len(text) > _LONGEST_DOMAIN:
        return None
    if not text.isascii() or "xn--" in text:
        try:
            text = idna.encode(text, strict=True).decode()
        except idna.IDNAError:
            return None
    return text if len(text) <= _LONGEST_DOMAIN and _HOST.fullmatch(text) else None
