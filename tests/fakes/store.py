"""The store in memory, with the real one's preconditions and encoding."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, assert_never

from shared.adapters.firestore.codec import Fields, Path, changes, decoded, encoded
from shared.domain.keys import Collection, Key
from shared.errors import Conflict
from shared.ports.store import Count, Create, Delete, Put, Query, Replace, Stored, Where, Write

T = TypeVar("T")
Kept = tuple[Fields, datetime]
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


class Documents(dict[str, Kept]):
    """Documents by path, and the paths of each collection, so that a query looks at no other."""

    def __init__(self) -> None:
        super().__init__()
        self._under: dict[str, dict[str, None]] = {}

    def under(self, collection: str) -> list[str]:
        return list(self._under.get(collection, ()))

    def __setitem__(self, path: str, kept: Kept) -> None:
        if path not in self:
            self._under.setdefault(path.rpartition("/")[0], {})[path] = None
        super().__setitem__(path, kept)

    def __delitem__(self, path: str) -> None:
        super().__delitem__(path)
        del self._under[path.rpartition("/")[0]][path]

    def pop(self, path: str, *instead: Any) -> Any:
        if path not in self:
            return super().pop(path, *instead)
        kept = self[path]
        del self[path]
        return kept


class FakeReading:
    def __init__(self, found: dict[str, Kept], at: datetime) -> None:
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
        self.documents = Documents()
        self.operations: Counter[str] = Counter()
        self.before_commit: Callable[[Sequence[Write]], None] = lambda _: None
        self.after_commit: Callable[[Sequence[Write]], None] = lambda _: None
        self._lock = threading.RLock()
        self._undo: list[tuple[str, Kept | None]] = []
        self._version = datetime(2020, 1, 1, tzinfo=UTC)

    def read(self, *keys: Key[Any]) -> FakeReading:
        with self._lock:
            paths = dict.fromkeys(key.path for key in keys)
            if not paths:
                raise ValueError("a read needs at least one key")
            self.operations["reads"] += len(paths)
            found = {path: self.documents[path] for path in paths if path in self.documents}
            return FakeReading(found, self.now())

    def commit(self, writes: Sequence[Write]) -> datetime:
        self.before_commit(writes)
        with self._lock:
            self._undo.clear()
            self._version += timedelta(microseconds=1)
            try:
                for write in writes:
                    self._apply(write)
            except BaseException:
                self._take_back()
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
                    self._keep(stored.key.path, _changed(self.documents[stored.key.path][0], changed, removed))
            case Put(key, value):
                self._keep(key.path, encoded(value))
            case Count(key, increments, maxima, plain):
                self._count(key.path, dict(increments), dict(maxima), dict(plain))
            case Delete(key, stored):
                if stored:
                    self._expect(stored)
                self._remember(key.path)
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
        self._keep(path, fields | _plain_copy(plain))

    def _expect(self, stored: Stored[Any]) -> None:
        have = self.documents.get(stored.key.path)
        if have is None or have[1] != stored.version:
            raise Conflict(stored.key.path)

    def _keep(self, path: str, fields: Fields) -> None:
        """The fields are the store's own from now on; a write makes new ones, so that readers keep what they read."""
        self._remember(path)
        self.documents[path] = fields, self._version

    def _remember(self, path: str) -> None:
        self._undo.append((path, self.documents.get(path)))

    def _take_back(self) -> None:
        """All of the writes or none."""
        for path, before in reversed(self._undo):
            if before is None:
                self.documents.pop(path, None)
            else:
                self.documents[path] = before

    def find(self, query: Query[T]) -> list[Stored[T]]:
        with self._lock:
            self.operations["queries"] += 1
            rows = self._matching(query.collection, query.where)
            if not rows:
                return []
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
                    Key(path, query.collection.kind),
                    decoded(fields, query.collection.kind),
                    self.documents[path][1],
                )
                for path, fields in rows[: query.limit]
            ]

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        with self._lock:
            self.operations["queries"] += 1
            return len(self._matching(collection, where))

    def sum(self, collection: Collection[Any], field: str) -> int:
        with self._lock:
            self.operations["queries"] += 1
            return sum(_field(fields, field) or 0 for _, fields in self._matching(collection, ()))

    def _matching(self, collection: Collection[Any], where: Iterable[Where]) -> list[tuple[str, Fields]]:
        asked = [(one.field.split("."), OPS[one.op], one.value) for one in where]
        kept = self.documents
        there = ((path, kept[path][0]) for path in kept.under(collection.path))
        return [(path, fields) for path, fields in there if not asked or _meets(fields, asked)]


def _changed(before: Fields, changed: Mapping[Path, Any], removed: Sequence[Path]) -> Fields:
    """The fields with those at the paths set or taken away."""
    fields: Fields = _plain_copy(before)
    for path in (*changed, *removed):
        inside = fields
        for name in path[:-1]:
            inside = inside.setdefault(name, {})
        if path in changed:
            inside[path[-1]] = changed[path]
        else:
            inside.pop(path[-1], None)
    return fields


def _plain_copy(value: Any) -> Any:
    """A copy of what a document may hold: dicts and lists are made anew, all else never changes."""
    if isinstance(value, dict):
        return {name: _plain_copy(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain_copy, value))
    return value


def _field(fields: Fields, name: str) -> Any:
    return _at(fields, name.split("."))


def _at(fields: Fields, parts: Sequence[str]) -> Any:
    value: Any = fields
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _meets(fields: Fields, asked: Iterable[tuple[Sequence[str], Callable[[Any, Any], bool], Any]]) -> bool:
    for parts, holds, want in asked:
        have = _at(fields, parts)
        if have is None or not holds(have, want):
            return False
    return True
