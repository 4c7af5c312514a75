"""What a store promises about reading and writing, kept by the fake and by Firestore alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.keys import Collection, Key
from shared.errors import Conflict
from shared.ports.store import Count, Create, Delete, Put, Query, Replace, Store, Stored, Write
from tests.contract.store_things import AT, Label, Newer, Older, Part, Thing, names, stored


def test_what_is_created_is_read_back_as_it_was(store: Store, things: Collection[Thing]) -> None:
    thing = Thing("né", 2**53 + 1, AT, on=False, tags=("x", ""), part=Part("p", 1), parts={"a.b/c": Part("q", 0)})
    version = store.commit([Create(things.key("a"), thing)])
    found = stored(store, things.key("a"))
    assert (found.value, found.version) == (thing, version)


def test_an_empty_document_is_a_document(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing(number=0))])
    assert store.read(things.key("a")).value(things.key("a")) == Thing()


def test_a_missing_document_reads_as_nothing(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a"))])
    reading = store.read(things.key("a"), things.key("b"), things.key("a"))
    assert reading.value(things.key("a")) == Thing("a")
    assert reading.stored(things.key("b")) is None


def test_F31_a_read_tells_the_stores_time(store: Store, things: Collection[Thing]) -> None:
    first = store.read(things.key("a")).at
    second = store.read(things.key("a")).at
    assert first <= second
    assert abs(second - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_read_without_keys_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError):
        store.read()


def test_a_second_create_conflicts(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("first"))])
    with pytest.raises(Conflict):
        store.commit([Create(things.key("a"), Thing("second"))])
    assert stored(store, things.key("a")).value == Thing("first")


def test_a_replacement_writes_what_differs_and_drops_what_is_gone(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1, AT, tags=("x",), parts={"p": Part("p", 1), "q": Part("q")}))])
    before = stored(store, things.key("a"))
    after = replace(before.value, number=2, at=None, tags=(), parts={"q": Part("q", 3)})
    version = store.commit([Replace(before, after)])
    found = stored(store, things.key("a"))
    assert (found.value, found.version) == (after, version)
    assert found.version > before.version


def test_a_replacement_under_an_old_version_conflicts(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1))])
    old = stored(store, things.key("a"))
    store.commit([Replace(old, Thing("a", 2))])
    with pytest.raises(Conflict):
        store.commit([Replace(old, Thing("b", 1))])
    assert stored(store, things.key("a")).value == Thing("a", 2)


def test_the_version_that_a_write_gave_serves_the_next_write(store: Store, things: Collection[Thing]) -> None:
    version = store.commit([Create(things.key("a"), Thing("a", 1))])
    for number in (2, 3, 4):
        chained = Stored(things.key("a"), Thing("a", number - 1), version)
        version = store.commit([Replace(chained, Thing("a", number))])
    assert stored(store, things.key("a")).value.number == 4


def test_a_replacement_that_changes_nothing_writes_nothing(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1))])
    before = stored(store, things.key("a"))
    store.commit([Replace(before, Thing("a", 1))])
    store.commit([])
    assert stored(store, things.key("a")) == before


def test_a_replacement_of_what_was_deleted_conflicts(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1))])
    old = stored(store, things.key("a"))
    store.commit([Delete(things.key("a"))])
    with pytest.raises(Conflict):
        store.commit([Replace(old, Thing("a", 2))])
    assert store.read(things.key("a")).value(things.key("a")) is None


def test_a_replacement_of_what_was_deleted_and_made_again_conflicts(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1))])
    old = stored(store, things.key("a"))
    store.commit([Delete(things.key("a"))])
    store.commit([Create(things.key("a"), Thing("a", 1))])
    with pytest.raises(Conflict):
        store.commit([Replace(old, Thing("a", 2))])


def test_a_put_replaces_the_whole_document_whatever_was_there(store: Store, things: Collection[Thing]) -> None:
    store.commit([Put(things.key("a"), Thing("a", 1, tags=("x",)))])
    store.commit([Put(things.key("a"), Thing("b"))])
    assert stored(store, things.key("a")).value == Thing("b")


def test_a_deletion_under_an_old_version_conflicts(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1))])
    old = stored(store, things.key("a"))
    store.commit([Replace(old, Thing("a", 2))])
    with pytest.raises(Conflict):
        store.commit([Delete(things.key("a"), old)])
    store.commit([Delete(things.key("a"), stored(store, things.key("a")))])
    assert store.read(things.key("a")).value(things.key("a")) is None


def test_what_a_batch_creates_and_deletes_was_not_there_before(store: Store, things: Collection[Thing]) -> None:
    key = things.key("one")
    absent: list[Write] = [Create(key, Thing("one")), Delete(key)]
    store.commit([*absent, Put(things.key("two"), Thing("two"))])
    reading = store.read(key, things.key("two"))
    assert (reading.value(key), reading.value(things.key("two"))) == (None, Thing("two"))
    store.commit([Put(key, Thing("there"))])
    with pytest.raises(Conflict):
        store.commit(absent)
    assert store.read(key).value(key) == Thing("there")


def test_a_deletion_of_nothing_is_fine(store: Store, things: Collection[Thing]) -> None:
    store.commit([Delete(things.key("a"))])
    assert store.read(things.key("a")).value(things.key("a")) is None


def test_a_count_makes_the_document_and_adds_to_it(store: Store, things: Collection[Thing]) -> None:
    key = things.key("a")
    store.commit([Count(key, {"number": 2}, fields={"name": "a"})])
    store.commit([Count(key, {"number": 3})])
    store.commit([Count(key, {"number": -1})])
    assert stored(store, key).value == Thing("a", 4)


def test_a_count_keeps_the_largest_value(store: Store, things: Collection[Thing]) -> None:
    key = things.key("a")
    seen = []
    for to in (5, 3, 7, 6):
        store.commit([Count(key, maxima={"number": to})])
        seen.append(stored(store, key).value.number)
    assert seen == [5, 5, 7, 7]


def test_a_count_leaves_the_other_fields_alone(store: Store, things: Collection[Thing]) -> None:
    key = things.key("a")
    store.commit([Create(key, Thing("a", 1, AT, tags=("x",), parts={"p": Part("p", 1)}))])
    store.commit([Count(key, {"number": 1}, fields={"on": False})])
    assert stored(store, key).value == Thing("a", 2, AT, on=False, tags=("x",), parts={"p": Part("p", 1)})


def test_a_count_changes_the_version(store: Store, things: Collection[Thing]) -> None:
    key = things.key("a")
    store.commit([Create(key, Thing("a", 1))])
    old = stored(store, key)
    store.commit([Count(key, {"number": 1})])
    with pytest.raises(Conflict):
        store.commit([Replace(old, Thing("b", 1))])


def _stale(store: Store, things: Collection[Thing]) -> Replace:
    old = stored(store, things.key("kept"))
    store.commit([Count(things.key("kept"), {"number": 1})])
    return Replace(old, Thing("lost"))


@pytest.mark.parametrize(
    "breaking",
    [
        _stale,
        lambda store, things: Create(things.key("kept"), Thing("lost")),
        lambda store, things: Replace(
            Stored(things.key("never"), Thing("x"), stored(store, things.key("kept")).version), Thing("lost")
        ),
    ],
    ids=["stale version", "already there", "never there"],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_batch_with_one_conflict_writes_nothing_at_all(
    store: Store, things: Collection[Thing], breaking: Callable[[Store, Collection[Thing]], Write], *, last: bool
) -> None:
    store.commit([Create(things.key("kept"), Thing("kept", 1)), Create(things.key("doomed"), Thing("doomed"))])
    bad = breaking(store, things)
    good: list[Write] = [
        Create(things.key("new"), Thing("new")),
        Put(things.key("put"), Thing("put")),
        Count(things.key("counted"), {"number": 1}),
        Delete(things.key("doomed")),
    ]
    before = stored(store, things.key("kept")).value
    with pytest.raises(Conflict):
        store.commit([*good, bad] if last else [bad, *good])
    assert names(store.find(Query(things))) == ["doomed", "kept"]
    assert stored(store, things.key("kept")).value == before


def test_one_batch_may_hold_writes_of_every_kind(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("a"), Thing("a", 1)), Create(things.key("b"), Thing("b"))])
    old = stored(store, things.key("a"))
    version = store.commit(
        [
            Replace(old, Thing("a", 2)),
            Delete(things.key("b")),
            Create(things.key("c"), Thing("c")),
            Put(things.key("d"), Thing("d")),
            Count(things.key("e"), {"number": 5}),
        ]
    )
    found = store.find(Query(things))
    assert [one.value for one in found] == [Thing("a", 2), Thing("c"), Thing("d"), Thing(number=5)]
    assert found[0].version == version


def test_500_writes_fit_one_batch(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key(f"{n:03}"), Thing(number=n)) for n in range(500)])
    assert store.count(things) == 500


def test_F46_other_versions_of_the_code_read_each_others_documents(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key("new"), Thing("a", 1, tags=("x",)))])
    as_old = Key(things.key("new").path, Older)
    old = store.read(as_old).stored(as_old)
    assert old is not None
    assert old.value == Older("a", "none")
    store.commit([Replace(old, Older("b", "red"))])
    assert stored(store, things.key("new")).value == Thing("b", 1, tags=("x",))


def test_F46_what_another_version_keeps_inside_a_field_is_not_written_over(
    store: Store, things: Collection[Thing]
) -> None:
    """At whatever depth, and under names that are no plain words."""
    odd = "a.b/c`\\-1"
    store.commit([Create(things.key("new"), Newer(Label("p", 1, "kept"), {odd: Label("q", 2, "kept"), "x": Label()}))])
    old = stored(store, things.key("new"))
    assert old.value == Thing(part=Part("p", 1), parts={odd: Part("q", 2), "x": Part()})
    store.commit([Replace(old, replace(old.value, part=Part("p", 5), parts={odd: Part("z", 2), "y": Part("y")}))])
    as_newer = Key(things.key("new").path, Newer)
    found = store.read(as_newer).value(as_newer)
    assert found == Newer(Label("p", 5, "kept"), {odd: Label("z", 2, "kept"), "y": Label("y")})
