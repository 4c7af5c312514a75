"""Writes as protocol buffers: what the contract suite can't see without a server that looks inside."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from google.api_core.datetime_helpers import DatetimeWithNanoseconds

from shared.adapters.firestore import wire
from shared.adapters.firestore.codec import decoded
from shared.domain.keys import Key
from shared.ports.store import Count, Create, Delete, Put, Replace, Stored

DATABASE = "projects/p/databases/(default)"
AT = datetime(2026, 3, 1, 9, 30, 0, 123_456, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thing:
    text: str = ""
    number: int = 0
    share: float = 0.5
    on: bool = False
    at: datetime = AT
    nested: dict[str, dict[str, int]] = field(default_factory=dict)
    listed: tuple[dict[str, str], ...] = ()


KEY = Key("things/one", Thing)
FULL = Thing("Grüße", -(2**53), 0.25, on=True, nested={"a.b": {"c": 1}, "empty": {}}, listed=({"x": "y"}, {}))


@pytest.mark.parametrize("value", [Thing(), FULL, Thing(at=datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC))])
def test_a_document_reads_as_it_was_written(value: Thing) -> None:
    made = wire.message(Put(KEY, value), DATABASE)

    assert made.update.name == f"{DATABASE}/documents/things/one"
    assert decoded(wire.fields_of(made.update), Thing) == value


def test_a_creation_wants_nothing_there() -> None:
    made = wire.message(Create(KEY, FULL), DATABASE)

    assert made.current_document.HasField("exists")
    assert made.current_document.exists is False


def test_a_replacement_names_what_changed_and_the_version_to_the_nanosecond() -> None:
    version = DatetimeWithNanoseconds(2026, 3, 1, nanosecond=123_456_789, tzinfo=UTC)  # type: ignore[no-untyped-call]
    made = wire.message(Replace(Stored(KEY, FULL, version), Thing(text="new", nested=FULL.nested)), DATABASE)

    assert sorted(made.update_mask.field_paths) == ["listed", "number", "on", "share", "text"]
    assert set(made.update.fields) == {"number", "on", "share", "text"}
    assert wire.version_of(made.current_document.update_time) == version
    assert made.current_document.update_time.nanos == 123_456_789


def test_a_replacement_that_changes_nothing_is_no_write() -> None:
    assert wire.message(Replace(Stored(KEY, FULL, AT), FULL), DATABASE) is None


def test_counting_leaves_the_other_fields_alone() -> None:
    made = wire.message(Count(KEY, {"number": 2, "none": 0}, {"last": 7}), DATABASE)

    assert made.HasField("update_mask")
    assert not made.update_mask.field_paths
    sums = [(one.field_path, one.increment.integer_value, one.maximum.integer_value) for one in made.update_transforms]
    assert sums == [("number", 2, 0), ("last", 0, 7)]


def test_a_deletion_may_want_a_version() -> None:
    alone, guarded = (wire.message(Delete(KEY, one), DATABASE) for one in (None, Stored(KEY, FULL, AT)))

    assert alone.delete == f"{DATABASE}/documents/things/one"
    assert not alone.HasField("current_document")
    assert guarded.current_document.update_time.nanos == 123_456_000


def test_what_no_document_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        wire.message(Count(KEY, fields={"raw": b"x"}), DATABASE)


def test_F46_of_a_field_with_fields_only_what_differs_is_written_under_names_as_firestore_wants_them() -> None:
    before = Thing(nested={"a.b": {"c": 1, "kept": 2}, "mail-1": {"x": 1, "`odd\\": 1}, "gone": {"x": 1}})
    after = Thing(nested={"a.b": {"c": 5, "kept": 2}, "mail-1": {"x": 1}, "new": {"y": 1}})
    made = wire.message(Replace(Stored(KEY, before, AT), after), DATABASE)

    assert sorted(made.update_mask.field_paths) == [
        "nested.`a.b`.c",
        "nested.`mail-1`.`\\`odd\\\\`",
        "nested.gone",
        "nested.new",
    ]
    assert wire.fields_of(made.update) == {"nested": {"a.b": {"c": 5}, "new": {"y": 1}}}
