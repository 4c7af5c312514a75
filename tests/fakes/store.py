"""The store in memory, with the real one's preconditions and encoding."""

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, assert_never

from shared.adapters.firestore.codec import Fields, changes, decoded, encoded
from shared.domain.keys import Collection, Key
from shared.errors import Conflict
from shared.ports.store import Count, Create, Delete, Put, Query, Replace, Stored, Where, Write

T = TypeVar("T")
OPS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda have, want: have == want,
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
    "in": lambda have, want: have in want,
    "array_contains": lambda have, want: want in have,
    "array_contains_any": lambda have, want: any(one in have for one in want),
}


class FakeReading:
    def __init__(self, found: dict[str, tuple[Fields, datetime]], at: datetime) -> None:
        self._found, self.at = found, at

    def stored(self, key: Key[T]) -> Stored[T] | None:
        if key.path not in self._found:
            return None
        fields, version = self._found[key.path]
        return Stored(key, decoded(fields, key.kind), version)

    def value(self, key: Key[T]) -> T | None:
        stored = self.stored(key)
        return stored.value if stored else None


class FakeStore:
    """`before_commit` may raise to refuse a commit, `after_commit` to lose its answer."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.documents: dict[str, tuple[Fields, datetime]] = {}
        self.operations: Counter[str] = Counter()
        self.before_commit: Callable[[Sequence[Write]], None] = lambda _: None
        self.after_commit: Callable[[Sequence[Write]], None] = lambda _: None
        self._lock = threading.RLock()
        self._version = datetime(2020, 1, 1, tzinfo=UTC)

    def read(self, *keys: Key[Any]) -> FakeReading:
        with self._lock:
            paths = dict.fromkeys(key.path for key in keys)
            if not paths:
                raise ValueError("a read needs at least one key")
            self.operations["reads"] += len(paths)
            found = {path: copy.deepcopy(self.documents[path]) for path in paths if path in self.documents}
            return FakeReading(found, self.now())

    def commit(self, writes: Sequence[Write]) -> datetime:
        self.before_commit(writes)
        with self._lock:
            kept = dict(self.documents)
            self._version += timedelta(microseconds=1)
            try:
                for write in writes:
                    self._apply(write)
            except Conflict:
                self.documents = kept
                raise
            self.operations["writes"] += len(writes)
        self.after_commit(writes)
        return self._version

    def _apply(self, write: Write) -> None:
        match write:
            case Create(key, value):
                if key.path in self.documents:
                    raise Conflict(key.path)
                self._keep(key.path, encoded(value))
            case Replace(stored, value):
                changed, removed = changes(encoded(stored.value), encoded(value))
                if changed or removed:
                    self._expect(stored)
                    fields = {**self.documents[stored.key.path][0], **changed}
                    self._keep(stored.key.path, {name: one for name, one in fields.items() if name not in removed})
            case Put(key, value):
                self._keep(key.path, encoded(value))
            case Count(key, increments, maxima, plain):
                self._count(key.path, dict(increments), dict(maxima), dict(plain))
            case Delete(key, stored):
                if stored:
                    self._expect(stored)
                self.documents.pop(key.path, None)
            case _:
                assert_never(write)

    def _count(self, path: str, increments: dict[str, int], maxima: dict[str, int], plain: Fields) -> None:
        fields = dict(self.documents.get(path, ({}, self._version))[0])
        for name, by in increments.items():
            if by:
                fields[name] = fields.get(name, 0) + by
        for name, to in maxima.items():
            fields[name] = max(fields.get(name, to), to)
        self._keep(path, fields | plain)

    def _expect(self, stored: Stored[Any]) -> None:
        have = self.documents.get(stored.key.path)
        if have is None or have[1] != stored.version:
            raise Conflict(stored.key.path)

    def _keep(self, path: str, fields: Fields) -> None:
        self.documents[path] = copy.deepcopy(fields), self._version

    def find(self, query: Query[T]) -> list[Stored[T]]:
        with self._lock:
            self.operations["queries"] += 1
            rows = self._matching(query.collection, query.where)
            name_of = {path: path.rpartition("/")[2] for path, _ in rows}
            if query.sorted_by:
                rows = [row for row in rows if _field(row[1], query.sorted_by) is not None]
                rows.sort(key=lambda row: (_field(row[1], query.sorted_by), name_of[row[0]]), reverse=query.descending)
            else:
                rows.sort(key=lambda row: name_of[row[0]], reverse=query.descending)
            if query.after:
                value, name = query.after
                last = (value, name) if query.sorted_by else name

                def place(row: tuple[str, Fields]) -> Any:
                    return (_field(row[1], query.sorted_by), name_of[row[0]]) if query.sorted_by else name_of[row[0]]

                rows = [row for row in rows if (place(row) < last if query.descending else place(row) > last)]
            return [
                Stored(
                    Key(path, query.collection.kind), decoded(fields, query.collection.kind), self.documents[path][1]
                )
                for path, fields in rows[: query.limit]
            ]

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        with self._lock:
            self.operations["queries"] += 1
            return len(self._matching(collection, where))

    def _matching(self, collection: Collection[Any], where: Iterable[Where]) -> list[tuple[str, Fields]]:
        found = []
        conditions = list(where)
        for path, (fields, _) in self.documents.items():
            if path.rpartition("/")[0] == collection.path and all(_meets(fields, one) for one in conditions):
                found.append((path, copy.deepcopy(fields)))
        return found


def _field(fields: Fields, name: str) -> Any:
    value: Any = fields
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _meets(fields: Fields, where: Where) -> bool:
    have = _field(fields, where.field)
    return have is not None and OPS[where.op](have, where.value)
