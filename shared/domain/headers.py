"""The header fields of a mail and what they tell: ids, whether it is automatic, whether its sender is proved."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from shared.domain import authentication_results
from shared.domain.encoded_words import decode_words
from shared.domain.message import Authenticated

LONGEST_TEXT: Final = 2_000
MOST_IDS: Final = 100
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HALVES: Final = re.compile(r"[\ud800-\udfff]")
_MESSAGE_ID: Final = re.compile(r"<([^<>\x00-\x20\x7f\ud800-\udfff]{1,990})>")
_BARE_ID: Final = re.compile(r"[^<>@\x00-\x20\x7f\ud800-\udfff]{1,400}@[^<>@\x00-\x20\x7f\ud800-\udfff]{1,400}")
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_AUTOMATIC: Final = frozenset({"x-autoreply", "x-autorespond", "x-autoresponder"})


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of a mail or part in their order, names as they came; found by name whatever the case."""

    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> Self:
        """Keep the fields, topmost first."""
        return cls(tuple(fields))

    def first(self, name: str) -> str | None:
        """Return the topmost value of a field, None if the field is not there."""
        wanted = name.lower()
        return next((value for known, value in self.fields if known.lower() == wanted), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return each value of a field, topmost first."""
        wanted = name.lower()
        return tuple(value for known, value in self.fields if known.lower() == wanted)

    def names(self) -> frozenset[str]:
        """Return the names of all fields in lower case."""
        return frozenset(name.lower() for name, _ in self.fields)


def decode_text(value: str, *, longest: int = LONGEST_TEXT) -> str:
    """Read an unstructured value such as a Subject as people do: unfolded, encoded words decoded, on one line.

    Control characters become spaces, halves of surrogate pairs U+FFFD; at most `longest` characters.
    """
    text = _CONTROL.sub(" ", decode_words(_FOLD.sub("", value)))
    return _HALVES.sub("\ufffd", text).strip()[:longest]


def message_ids(value: str) -> tuple[str, ...]:
    """Read the ids of a Message-ID, In-Reply-To or References value, each as `<id>`, once, oldest first.

    Of more than `MOST_IDS` the first and the last stay, as threads are followed by those (RFC 5322 3.6.4). A value
    that is one bare `left@right` counts as if it stood in angle brackets.
    """
    text = _FOLD.sub("", value)
    if not (found := list(dict.fromkeys(_MESSAGE_ID.findall(text)))):
        bare = text.strip()
        found = [bare] if _BARE_ID.fullmatch(bare) else []
    kept = found if len(found) <= MOST_IDS else [found[0], *found[1 - MOST_IDS :]]
    return tuple(f"<{one}>" for one in kept)


def authentication(headers: Headers) -> Authenticated:
    """Gmail's verdict on whether the sender is who it claims (R35)."""
    return authentication_results.verdict(headers.all("authentication-results"), headers.all("from"))


def is_delivery_report(headers: Headers) -> bool:
    """Whether it is a report about another mail (RFC 6522), or came from the empty sender as reports do (R23, R57)."""
    content_type = (headers.first("content-type") or "").lstrip().lower()
    return content_type.startswith("multipart/report") or _is_null(headers.first("return-path"))


def is_automatic(headers: Headers) -> bool:
    """Whether no person wrote it (R57): replies of machines (RFC 3834), lists and bulk mail (RFC 2369), reports."""
    submitted = re.split(r"[;\s(]", (headers.first("auto-submitted") or "no").strip().lower(), maxsplit=1)[0]
    precedence = (headers.first("precedence") or "").strip().lower()
    names = headers.names()
    return (
        submitted not in {"no", ""}
        or precedence in _BULK
        or any(name.startswith("list-") for name in names)
        or not names.isdisjoint(_AUTOMATIC)
        or is_delivery_report(headers)
    )


def _is_null(return_path: str | None) -> bool:
    return return_path is not None and re.sub(r"\s", "", return_path) == "<>"
