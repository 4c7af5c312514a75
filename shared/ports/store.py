"""Documents: one batched read, then one batch of writes under preconditions. There are no transactions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from shared.domain.keys import Collection, Key

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A document as it was read; `version` changes with every write that changes it."""

    key: Key[T]
    value: T
    version: datetime


class Reading(Protocol):
    """The answer to one batched read, at one time of the store's clock."""

    @property
    def at(self) -> datetime:
        """The store's time of the read: the one clock that leases go by (F31)."""
        ...

    def stored(self, key: Key[T]) -> Stored[T] | None:
        """The document with its version, for a write that depends on it; `None` where there is none."""
        ...

    def value(self, key: Key[T]) -> T | None:
        """Only what the document says; `None` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Create:
    """A new document; conflicts if there is one."""

    key: Key[Any]
    value: object


@dataclass(frozen=True, slots=True)
class Replace:
    """The fields of a read document that differ in `value`; conflicts if it was written since it was read."""

    stored: Stored[Any]
    value: object


@dataclass(frozen=True, slots=True)
class Put:
    """The whole document, whatever was there."""

    key: Key[Any]
    value: object


@dataclass(frozen=True, slots=True)
class Count:
    """Sums, maxima and plain fields of a document that is never read for it; made if missing.

    `name` is kept as its `id`; an increment of a missing field starts at 0, a maximum at nothing.
    """

    key: Key[Any]
    increments: Mapping[str, int] = field(default_factory=dict)
    maxima: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """No such document any more; with `stored`, only if it was not written since."""

    key: Key[Any]
    stored: Stored[Any] | None = None


Write = Create | Replace | Put | Count | Delete


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on a field, dotted where nested: `==`, `<`, `<=`, `>`, `>=`, `array_contains`.

    Or, with a list of at most 30 values, `in` or `array_contains_any`.
    """

    field: str
    op: str
    value: object


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """Documents of a collection, ordered, at most `limit`; `after` is the last one before: its sort value and id."""

    collection: Collection[T]
    where: tuple[Where, ...] = ()
    order_by: str = ""
    descending: bool = False
    limit: int = 100
    after: tuple[object, str] | None = None

    @property
    def sorted_by(self) -> str:
        """The field that the documents come in the order of: `order_by`, else the one whose range is asked for."""
        ranges = (one.field for one in self.where if one.op in {"<", "<=", ">", ">="})
        return self.order_by or next(ranges, "")


class Store(Protocol):
    """Where all state lives. Every call raises `Transient` if the store can't be reached or answers in time."""

    def read(self, *keys: Key[Any]) -> Reading:
        """The documents, in one round trip."""
        ...

    def commit(self, writes: Sequence[Write]) -> datetime:
        """All of the writes or none; the version that they give. At most 500. Raises `Conflict`."""
        ...

    def find(self, query: Query[T]) -> list[Stored[T]]:
        """A page of documents; never on the way of a notification or a send."""
        ...

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        """How many documents meet the conditions."""
        ...

    def sum(self, collection: Collection[Any], field: str) -> int:
        """The sum of a field of whole numbers, dotted where nested, over the documents that have it."""
        ...
