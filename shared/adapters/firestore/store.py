"""The store on Firestore: batched reads, one batch of writes under preconditions, no retries underneath.

A retry by the client library would report its own accepted write as a conflict, so every write is made once and has a
deadline; whoever calls decides again from what it then reads.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from shared.adapters.firestore import wire
from shared.adapters.firestore.codec import Fields, decoded, plain
from shared.domain.keys import Collection, Key
from shared.errors import Conflict, Transient
from shared.ports.store import Query, Stored, Where, Write

T = TypeVar("T")
SECONDS = 10.0
AGAIN = Retry(predicate=if_exception_type(api.ServiceUnavailable), initial=0.1, maximum=1.0, timeout=4.0)
"""Reads only, and only where the store could not be reached at all."""
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
        if not keys:
            raise ValueError("a read needs at least one key")
        request = wire.read_request(self._database, dict.fromkeys(key.path for key in keys))
        root = len(f"{self._database}/documents/")
        found: dict[str, tuple[Fields, datetime]] = {}
        at = NOTHING_WRITTEN
        with _failures():
            for answer in self._api.batch_get_documents(request, retry=AGAIN, timeout=SECONDS, metadata=self._metadata):
                told = type(answer).pb(answer)
                at = wire.time_of(told.read_time)
                if told.WhichOneof("result") == "found":
                    document = told.found
                    found[document.name[root:]] = wire.fields_of(document), wire.version_of(document.update_time)
        return FirestoreReading(found, at + self._offset())

    def commit(self, writes: Sequence[Write]) -> datetime:
        """All of the writes or none."""
        made = [one for write in writes if (one := wire.message(write, self._database)) is not None]
        request = wire.commit_request(self._database, made)
        with _failures():
            answer = self._api.commit(request, retry=None, timeout=SECONDS, metadata=self._metadata)
        results = type(answer).pb(answer).write_results
        return wire.version_of(results[-1].update_time) if results else NOTHING_WRITTEN

    @property
    def _api(self) -> Any:
        """The generated client underneath, which takes requests as they go over the wire."""
        return self._client._firestore_api  # noqa: SLF001 - its channel, emulator and credentials are the client's

    @property
    def _database(self) -> str:
        return str(self._client._database_string)  # noqa: SLF001 - as above

    @property
    def _metadata(self) -> Any:
        return self._client._rpc_metadata  # noqa: SLF001 - as above

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
                for snapshot in asked.limit(query.limit).stream(retry=AGAIN, timeout=SECONDS)
            ]

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        """How many documents meet the conditions."""
        with _failures():
            return int(self._conditions(collection, where).count().get(retry=AGAIN, timeout=SECONDS)[0][0].value)

    def sum(self, collection: Collection[Any], field: str) -> int:
        """The sum of a field of whole numbers over the documents that have it."""
        with _failures():
            asked = self._client.collection(collection.path).sum(field)
            return int(asked.get(retry=AGAIN, timeout=SECONDS)[0][0].value or 0)

    def _conditions(self, collection: Collection[Any], where: Iterable[Where]) -> Any:
        asked: Any = self._client.collection(collection.path)
        for one in where:
            asked = asked.where(filter=FieldFilter(one.field, one.op, one.value))
        return asked
