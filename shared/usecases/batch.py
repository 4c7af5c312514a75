"""One batched read, one batch of writes: what is staged is seen by the steps that follow, and written whole or not."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from shared.domain.keys import Key
from shared.ports.store import Count, Create, Delete, Replace, Store, Stored, Write

T = TypeVar("T")


AT_ONCE = 500
"""Documents of one round trip."""


class Batch:
    """The documents of one decision; nothing is read twice."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, Stored[Any] | None] = {}
        self._staged: dict[str, tuple[Key[Any], object]] = {}
        self._counts: dict[str, Count] = {}
        self._dropped: dict[str, Delete] = {}
        self._foreseen: dict[str, object] = {}

    def load(self, keys: Iterable[Key[Any]]) -> None:
        """Reads what was not read yet, in one round trip."""
        wanted = [key for key in {key.path: key for key in keys}.values() if key.path not in self._read]
        self._read |= self._fetched(wanted)

    def _fetched(self, wanted: Sequence[Key[Any]]) -> dict[str, Stored[Any] | None]:
        found: dict[str, Stored[Any] | None] = {}
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            reading = self._store.read(*some)
            found |= {key.path: reading.stored(key) for key in some}
        return found

    def still(self, keys: Iterable[Key[Any]]) -> bool:
        """Whether the documents are still as they were read; asks the store again."""
        wanted = list({key.path: key for key in keys if key.path in self._read}.values())
        now = self._fetched(wanted)
        return all(_version(now[key.path]) == _version(self._read[key.path]) for key in wanted)

    def value(self, key: Key[T]) -> T | None:
        """The document as staged, else as read."""
        if key.path in self._staged:
            return cast(T, self._staged[key.path][1])
        self.load([key])
        stored = self._read[key.path]
        return cast(T, stored.value) if stored else None

    def foresee(self, key: Key[T], value: T) -> None:
        """Notes what will be staged later, as far as it is known by now; it is never written."""
        self._foreseen[key.path] = value

    def foreseen(self, key: Key[T]) -> T | None:
        """The document, or what was noted of it."""
        return self.value(key) or cast("T | None", self._foreseen.get(key.path))

    def put(self, key: Key[T], value: T) -> None:
        """Stages the document: created if there was none when it was read, else replaced, under that version."""
        self.load([key])
        self._staged[key.path] = key, value

    def drop(self, key: Key[Any]) -> None:
        """Stages the deletion of a document; of one that was read, only if it still says what it did."""
        self._dropped[key.path] = Delete(key, self._read.get(key.path))

    def count(
        self, key: Key[Any], *, fields: dict[str, object] | None = None, latest: dict[str, int] | None = None, **by: int
    ) -> None:
        """Stages sums, maxima (`latest`) and plain fields of a document that is not read."""
        have = self._counts.get(key.path, Count(key))
        sums = {name: have.increments.get(name, 0) + by.get(name, 0) for name in {*have.increments, *by}}
        maxima = dict(have.maxima)
        for name, to in (latest or {}).items():
            maxima[name] = max(maxima.get(name, to), to)
        self._counts[key.path] = Count(key, sums, maxima, {**have.fields, **(fields or {})})

    def writes(self) -> list[Write]:
        """Everything staged, as writes under the versions that were read."""
        made: list[Write] = []
        for path, (key, value) in self._staged.items():
            stored = self._read[path]
            if stored is None:
                made.append(Create(key, value))
            elif stored.value != value:
                made.append(Replace(stored, value))
        return [*made, *self._counts.values(), *self._dropped.values()]

    def written(self, version: datetime) -> None:
        """Everything staged is in the store now, at this version."""
        self._read |= {
            path: Stored(key, value, version)
            for path, (key, value) in self._staged.items()
            if (stored := self._read[path]) is None or stored.value != value
        }
        self._staged, self._counts, self._dropped = {}, {}, {}

    def __len__(self) -> int:
        return len(self._staged) + len(self._counts) + len(self._dropped)


def _version(stored: Stored[Any] | None) -> datetime | None:
    return stored.version if stored else None
