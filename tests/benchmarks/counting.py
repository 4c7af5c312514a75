"""A store that counts what it is asked for, as Firestore would bill it."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from shared.domain.keys import Collection, Key
from shared.ports.store import Query, Reading, Store, Stored, Where, Write

T = TypeVar("T")


@dataclass(slots=True)
class Operations:
    """Documents read (missing ones too) and written, and how many calls that took; queries of any kind."""

    reads: int = 0
    writes: int = 0
    read_calls: int = 0
    commits: int = 0
    queries: int = 0


class CountingStore:
    """The `Store` behind it, counted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._so_far = Operations()

    def taken(self) -> dict[str, int]:
        """What was asked for since it was last taken."""
        with self._lock:
            so_far, self._so_far = self._so_far, Operations()
        return asdict(so_far)

    def read(self, *keys: Key[Any]) -> Reading:
        """The documents; each path is billed once."""
        with self._lock:
            self._so_far.reads += len({key.path for key in keys})
            self._so_far.read_calls += 1
        return self._store.read(*keys)

    def commit(self, writes: Sequence[Write]) -> datetime:
        """All of the writes or none."""
        with self._lock:
            self._so_far.writes += len(writes)
            self._so_far.commits += 1
        return self._store.commit(writes)

    def find(self, query: Query[T]) -> list[Stored[T]]:
        """A page of documents."""
        with self._lock:
            self._so_far.queries += 1
        return self._store.find(query)

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        """How many documents meet the conditions."""
        with self._lock:
            self._so_far.queries += 1
        return self._store.count(collection, where)

    def sum(self, collection: Collection[Any], field: str) -> int:
        """The sum of a field."""
        with self._lock:
            self._so_far.queries += 1
        return self._store.sum(collection, field)
