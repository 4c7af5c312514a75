"""The store on Firestore: batched reads, one batch of writes under preconditions, no retries underneath.

A retry by the client library would report its own accepted write as a conflict, so every call here is made once and
has a deadline; whoever calls decides again from what it then reads.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, assert_never

from google.api_core import exceptions as api
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.adapters.firestore.codec import Fields, changes, decoded, encoded, plain
from shared.domain.keys import Collection, Key
from shared.errors import Conflict, Transient
from shared.ports.store import Count, Create, Delete, Put, Query, Replace, Stored, Where, Write

T = TypeVar("T")
SECONDS = 20.0
NOTHING_WRITTEN = datetime.min.replace(tzinfo=UTC)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (api.FailedPrecondition, api.AlreadyExists, api.Aborted, api.NotFound) as error:
        raise Conflict(str(error.grpc_status_code)) from error
    except (api.ServerError, api.ResourceExhausted, api.RetryError, api.Cancelled) as error:
        raise Transient(f"store: {type(error).__name__}") from error


class FirestoreReading:
    """One answer to `get_all`."""

    def __init__(self, found: dict[str, tuple[Fields, datetime]], at: datetime) -> None:
        self._found, self.at = found, at

    def stored(self, key: Key[T]) -> Stored[T] | None:
        """The document with its version."""
        if key.path not in self._found:
            return None
        fields, version = self._found[key.path]
        return Stored(key, decoded(fields, key.kind), version)

    def value(self, key: Key[T]) -> T | None:
        """Only what the document says."""
        stored = self.stored(key)
        return stored.value if stored else None


class FirestoreStore:
    """`offset` moves the store's time where a test moves the clock; it is zero everywhere else."""

    def __init__(self, client: firestore.Client, *, offset: Callable[[], timedelta] = timedelta) -> None:
        self._client, self._offset = client, offset

    def read(self, *keys: Key[Any]) -> FirestoreReading:
        """The documents, in one round trip."""
        found: dict[str, tuple[Fields, datetime]] = {}
        at: datetime | None = None
        paths = dict.fromkeys(key.path for key in keys)
        with _failures():
            for snapshot in self._client.get_all([self._client.document(path) for path in paths], timeout=SECONDS):
                at = plain(snapshot.read_time)
                if snapshot.exists:
                    found[snapshot.reference.path] = plain(snapshot.to_dict()), snapshot.update_time
        if at is None:
            raise ValueError("a read needs at least one key")
        return FirestoreReading(found, at + self._offset())

    def commit(self, writes: Sequence[Write]) -> datetime:
        """All of the writes or none."""
        batch = self._client.batch()
        for write in writes:
            self._add(batch, write)
        with _failures():
            results = batch.commit(retry=None, timeout=SECONDS)
        version: datetime = results[-1].update_time if results else NOTHING_WRITTEN
        return version

    def _add(self, batch: firestore.WriteBatch, write: Write) -> None:
        match write:
            case Create(key, value):
                batch.create(self._client.document(key.path), encoded(value))
            case Replace(stored, value):
                changed, removed = changes(encoded(stored.value), encoded(value))
                fields = dict(changed)
                fields |= dict.fromkeys(removed, firestore.DELETE_FIELD)
                if fields:
                    option = self._client.write_option(last_update_time=stored.version)
                    batch.update(self._client.document(stored.key.path), fields, option=option)
            case Put(key, value):
                batch.set(self._client.document(key.path), encoded(value))
            case Count(key, increments, maxima, plain_fields):
                fields = {name: firestore.Increment(by) for name, by in increments.items() if by}
                fields |= {name: firestore.Maximum(to) for name, to in maxima.items()}
                batch.set(self._client.document(key.path), {**fields, **plain_fields}, merge=True)
            case Delete(key, stored):
                unchanged = self._client.write_option(last_update_time=stored.version) if stored else None
                batch.delete(self._client.document(key.path), option=unchanged)
            case _:
                assert_never(write)

    def find(self, query: Query[T]) -> list[Stored[T]]:
        """A page of documents."""
        asked = self._conditions(query.collection, query.where)
        direction = BaseQuery.DESCENDING if query.descending else BaseQuery.ASCENDING
        if query.sorted_by:
            asked = asked.order_by(query.sorted_by, direction=direction)
        asked = asked.order_by("__name__", direction=direction)
        if query.after:
            value, name = query.after
            last = self._client.document(f"{query.collection.path}/{name}")
            asked = asked.start_after([value, last] if query.sorted_by else [last])
        with _failures():
            return [
                Stored(
                    Key(snapshot.reference.path, query.collection.kind),
                    decoded(plain(snapshot.to_dict()), query.collection.kind),
                    snapshot.update_time,
                )
                for snapshot in asked.limit(query.limit).stream(timeout=SECONDS)
            ]

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        """How many documents meet the conditions."""
        with _failures():
            return int(self._conditions(collection, where).count().get(timeout=SECONDS)[0][0].value)

    def _conditions(self, collection: Collection[Any], where: Iterable[Where]) -> Any:
        asked: Any = self._client.collection(collection.path)
        for one in where:
            asked = asked.where(filter=FieldFilter(one.field, one.op, one.value))
        return asked
