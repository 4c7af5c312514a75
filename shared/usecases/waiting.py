"""How many documents wait for something, and which of them has waited longest: an aggregation and one document."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from shared.domain.keys import Collection
from shared.domain.overview import Oldest, Waiting
from shared.ports.store import Query, Store, Where

T = TypeVar("T")


def waiting(
    store: Store, collection: Collection[T], where: Sequence[Where], by: str, told: Callable[[T], tuple[str, datetime]]
) -> Waiting:
    """Those that meet the conditions; the oldest is the first by the field `by`, and `told` names it and its time."""
    count = store.count(collection, where)
    return Waiting(count, oldest(store, collection, where, by, told) if count else None)


def oldest(
    store: Store, collection: Collection[T], where: Sequence[Where], by: str, told: Callable[[T], tuple[str, datetime]]
) -> Oldest | None:
    """The first by the field `by` of those that meet the conditions."""
    found = store.find(Query(collection, tuple(where), order_by=by, limit=1))
    return Oldest(*told(found[0].value)) if found else None
