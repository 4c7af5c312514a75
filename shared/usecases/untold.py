"""Events of a commit that may not have gone out yet, noted with that commit for whoever comes after a crash (R75)."""

from collections.abc import Sequence
from typing import Final

import msgspec

from shared.ports.world import Event

LONGEST: Final = 100_000
"""Characters of a note: a document has room for many times as much, and a chunk seldom needs a tenth."""


def noted(events: Sequence[Event]) -> str:
    """The events as a note; nothing for none.

    Of those that are too many the first are noted: the others are told again by the chunk alone, done once more.
    """
    some = list(events)
    while len(note := msgspec.json.encode(some).decode()) > LONGEST:
        some = some[: len(some) // 2]
    return note if some else ""


def events_of(note: str) -> list[Event]:
    """The events of a note."""
    return msgspec.json.decode(note, type=list[Event]) if note else []
