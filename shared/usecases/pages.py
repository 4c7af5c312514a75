"""Pages of a query, by a sort value that is a number or a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from shared.domain.message import EPOCH
from shared.ports.store import Query, Store

T = TypeVar("T")
After = tuple[int, str]
"""Where the page before ended: its sort value as a whole number, and its document's name."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """Some items; `after` leads to the next ones, if there may be any."""

    items: Sequence[T]
    after: After | None = None

    def only(self, wanted: Callable[[T], bool]) -> "Listed[T]":
        """Without the items that are not wanted; it leads on all the same."""
        return replace(self, items=[one for one in self.items if wanted(one)])


def listed(
    store: Store, query: Query[T], value: Callable[[T], object], *, after: After | None, numbered: bool = False
) -> Listed[T]:
    """A page of the query, which is sorted by what `value` gives: times, or whole numbers if it is `numbered`."""
    if after:
        value_before = after[0] if numbered else EPOCH + timedelta(microseconds=after[0])
        query = replace(query, after=(value_before, after[1]))
    found = store.find(query)
    if len(found) < query.limit:
        return Listed([stored.value for stored in found])
    last = found[-1]
    return Listed([stored.value for stored in found], (_number(value(last.value)), last.key.path.rpartition("/")[2]))


def _number(value: object) -> int:
    """Times in microseconds since 1970."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value if isinstance(value, int) else 0
