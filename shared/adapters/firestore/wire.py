"""Documents and writes as Firestore's protocol buffers, made directly.

The client library makes an object of a second, slower kind for each value: that was half of a sync's processor time.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.cloud.firestore_v1 import types

from shared.adapters.firestore.codec import Fields, Path, changes, encoded, nested
from shared.ports.store import Count, Create, Delete, Put, Replace, Write

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLAIN, ODD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), re.compile(r"[\\`]")
_WRITE, _TRANSFORM, _VALUE = types.Write.pb(), types.DocumentTransform.FieldTransform.pb(), types.Value.pb()
_COMMIT, _READ = types.CommitRequest.pb(), types.BatchGetDocumentsRequest.pb()


def read_request(database: str, paths: Iterable[str]) -> Any:
    """Asks for the documents with these paths below the root of `projects/P/databases/D`."""
    return types.BatchGetDocumentsRequest.wrap(_READ(database=database, documents=[_name(database, p) for p in paths]))


def commit_request(database: str, writes: Iterable[Any]) -> Any:
    """Has the writes applied, all or none."""
    return types.CommitRequest.wrap(_COMMIT(database=database, writes=writes))


def message(write: Write, database: str) -> Any:
    """The write; None if it would change nothing."""
    match write:
        case Create(key, value):
            made = _whole(_name(database, key.path), encoded(value))
            made.current_document.exists = False
        case Replace(stored, value):
            changed, removed = changes(encoded(stored.value), encoded(value))
            if not (changed or removed):
                return None
            made = _whole(_name(database, stored.key.path), nested(changed))
            made.update_mask.field_paths.extend(map(_written, [*changed, *removed]))
            _stamp(made.current_document.update_time, stored.version)
        case Put(key, value):
            made = _whole(_name(database, key.path), encoded(value))
        case Count():
            made = _counted(write, database)
        case Delete(key, stored):
            made = _WRITE(delete=_name(database, key.path))
            if stored:
                _stamp(made.current_document.update_time, stored.version)
        case _:
            assert_never(write)
    return made


def fields_of(document: Any) -> Fields:
    """What a document says."""
    return {name: _read(value) for name, value in document.fields.items()}


def version_of(stamp: Any) -> datetime:
    """An update time; to the nanosecond, because it must come back as it was."""
    version: datetime = DatetimeWithNanoseconds.from_timestamp_pb(stamp)  # type: ignore[no-untyped-call]
    return version


def time_of(stamp: Any) -> datetime:
    """A time, to the microsecond."""
    return EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)


def _written(path: Path) -> str:
    """A path as Firestore writes it: names that are not plain stand in backticks."""
    return ".".join(one if PLAIN.fullmatch(one) else f"`{ODD.sub(_escaped, one)}`" for one in path)


def _escaped(odd: re.Match[str]) -> str:
    return f"\\{odd[0]}"


def _name(database: str, path: str) -> str:
    return f"{database}/documents/{path}"


def _whole(name: str, fields: Mapping[str, Any]) -> Any:
    made = _WRITE()
    made.update.name = name
    _fill(made.update.fields, fields)
    return made


def _counted(count: Count, database: str) -> Any:
    made = _whole(_name(database, count.key.path), count.fields)
    made.update_mask.SetInParent()  # an empty mask leaves the rest as it is, none would replace the document
    made.update_mask.field_paths.extend(count.fields)
    made.update_transforms.extend(
        [
            *(
                _TRANSFORM(field_path=name, increment=_VALUE(integer_value=by))
                for name, by in count.increments.items()
                if by
            ),
            *(_TRANSFORM(field_path=name, maximum=_VALUE(integer_value=to)) for name, to in count.maxima.items()),
        ]
    )
    return made


def _stamp(to: Any, value: datetime) -> None:
    since = value - EPOCH
    to.seconds = since // SECOND
    to.nanos = getattr(value, "nanosecond", 0) or value.microsecond * 1_000


def _fill(to: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        _write(to[name], value)


def _write(to: Any, value: Any) -> None:
    match value:
        case str():
            to.string_value = value
        case bool():
            to.boolean_value = value
        case int():
            to.integer_value = value
        case datetime():
            _stamp(to.timestamp_value, value)
        case dict():
            to.map_value.SetInParent()
            _fill(to.map_value.fields, value)
        case list() | tuple():
            to.array_value.SetInParent()
            for one in value:
                _write(to.array_value.values.add(), one)
        case float():
            to.double_value = value
        case None:
            to.null_value = 0
        case _:
            raise TypeError(f"no document holds a {type(value).__name__}")


def _read(value: Any) -> Any:
    kind = value.WhichOneof("value_type")
    match kind:
        case "string_value" | "boolean_value" | "integer_value" | "double_value":
            return getattr(value, kind)
        case "timestamp_value":
            return time_of(value.timestamp_value)
        case "map_value":
            return {name: _read(one) for name, one in value.map_value.fields.items()}
        case "array_value":
            return [_read(one) for one in value.array_value.values]
        case "null_value":
            return None
        case _:
            raise TypeError(f"no document of ours has a {kind}")
