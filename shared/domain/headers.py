"""The header fields of a mail and what they tell: ids, whether it is automatic, whether its sender is proved."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from shared.domain import authentication_results
from shared.domain.encoded_words import decode_words
from shared.domain.media_type import parameterised
from shared.domain.message import Authenticated

LONGEST_TEXT: Final = 2_000
MOST_IDS: Final = 100
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HALVES: Final = re.compile(r"[\ud800-\udfff]")
_MESSAGE_ID: Final = re.compile(r"<([^<>\x00-\x20\x7f\ud800-\udfff]{1,990})>")
_BARE_ID: Final = re.compile(r"[^<>@\x00-\x20\x7f\ud800-\udfff]{1,400}@[^<>@\x00-\x20\x7f\ud800-\udfff]{1,400}")
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_AUTOMATIC: Final = frozenset(
    {"x-autoreply", "x-autoreply-from", "x-autorespond", "x-autoresponder", "x-mail-autoreply"}
)


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
    """Whether it is a report on a delivery (RFC 6522), or came from the empty sender as those do (R23, R57).

    Reports of another kind, that a mail was read or is spam, are none.
    """
    declared = parameterised(headers.first("content-type"))
    if declared.kind == "multipart/report":
        return declared.parameters.get("report-type", "delivery-status").lower() == "delivery-status"
    return _is_null(headers.first("return-path"))


def is_automatic(headers: Headers) -> bool:
    """Whether no person wrote it (R57): machines' answers, lists and bulk mail, reports, mail from the empty sender.

    RFC 3834 and 5436, RFC 2369 and 2919, RFC 6522.
    """
    precedence = {value.strip().lower() for value in headers.all("precedence")}
    names = headers.names()
    return (
        any(map(_submitted_by_machine, headers.all("auto-submitted")))
        or not precedence.isdisjoint(_BULK)
        or any(name.startswith("list-") for name in names)
        or not names.isdisjoint(_AUTOMATIC)
        or parameterised(headers.first("content-type")).kind == "multipart/report"
        or is_delivery_report(headers)
    )


def _submitted_by_machine(value: str) -> bool:
    """Whether an Auto-Submitted value says anything but `no`; comments and parameters aside (RFC 3834 5)."""
    bare = re.sub(r"\([^()]*\)", " ", value).partition(";")[0].strip().lower()
    return bool(bare) and bare.split()[0] != "no"


def _is_null(return_path: str | None) -> bool:
    return return_path is not None and re.sub(r"\s", "", return_path) == "<>"
