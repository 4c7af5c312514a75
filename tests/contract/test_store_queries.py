"""What a store promises about queries, kept by the fake and by Firestore alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.keys import Collection
from shared.ports.store import Count, Create, Delete, Put, Query, Store, Where
from tests.contract.store_things import AT, Part, Thing, names


@pytest.fixture
def numbered(store: Store, things: Collection[Thing]) -> Collection[Thing]:
    """`a` to `g` with numbers 0, 1, 1, 2, 2, 2, 3; `x` without any; another place's thing of the same number."""
    numbers = dict(zip("abcdefg", (0, 1, 1, 2, 2, 2, 3), strict=True))
    store.commit([Put(things.key(name), Thing(name, n, AT + timedelta(n))) for name, n in numbers.items()])
    elsewhere = Collection(f"{things.path}/a/things", Thing)
    store.commit([Count(things.key("x"), fields={"name": "x"}), Create(elsewhere.key("y"), Thing("y", 2))])
    return things


def pages(store: Store, query: Query[Thing], value: Callable[[Thing], object]) -> list[list[str]]:
    found = []
    while page := store.find(query):
        found.append(names(page))
        query = replace(query, after=(value(page[-1].value), found[-1][-1]))
    return found


@pytest.mark.parametrize(
    ("descending", "expected"),
    [(False, [["a", "b", "c"], ["d", "e", "f"], ["g"]]), (True, [["g", "f", "e"], ["d", "c", "b"], ["a"]])],
)
def test_pages_by_a_value_have_each_document_once(
    store: Store, numbered: Collection[Thing], *, descending: bool, expected: list[list[str]]
) -> None:
    query = Query(numbered, order_by="number", descending=descending, limit=3)
    assert pages(store, query, lambda thing: thing.number) == expected


def test_pages_by_time_have_each_document_once(store: Store, numbered: Collection[Thing]) -> None:
    query = Query(numbered, order_by="at", descending=True, limit=4)
    assert pages(store, query, lambda thing: thing.at) == [["g", "f", "e", "d"], ["c", "b", "a"]]


def test_pages_without_an_order_go_by_id(store: Store, numbered: Collection[Thing]) -> None:
    assert pages(store, Query(numbered, limit=5), lambda _: "") == [["a", "b", "c", "d", "e"], ["f", "g", "x"]]


def test_pages_go_on_where_the_last_one_was_deleted(store: Store, numbered: Collection[Thing]) -> None:
    store.commit([Delete(numbered.key("c"))])
    assert names(store.find(Query(numbered, order_by="number", limit=2, after=(1, "c")))) == ["d", "e"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([Where("number", "==", 2)], "def"),
        ([Where("number", "<", 1)], "a"),
        ([Where("number", "<=", 1)], "abc"),
        ([Where("number", ">", 2)], "g"),
        ([Where("number", ">=", 2)], "defg"),
        ([Where("number", "in", [0, 3, 9])], "ag"),
        ([Where("number", ">", 0), Where("number", "<", 3)], "bcdef"),
        ([Where("number", "==", 2), Where("name", "==", "e")], "e"),
        ([Where("name", "==", "x")], "x"),
        ([Where("name", "==", "none")], ""),
    ],
)
def test_conditions_choose_and_count_the_same_documents(
    store: Store, numbered: Collection[Thing], where: list[Where], expected: str
) -> None:
    assert sorted(names(store.find(Query(numbered, tuple(where))))) == list(expected)
    assert store.count(numbered, where) == len(expected)


def test_a_sum_is_over_the_documents_that_have_the_field(store: Store, numbered: Collection[Thing]) -> None:
    assert store.sum(numbered, "number") == 11
    assert store.sum(Collection(f"{numbered.path}/a/none", Thing), "number") == 0


def test_a_sum_reaches_nested_fields_that_some_documents_lack(store: Store, things: Collection[Thing]) -> None:
    parts = {"a": Part("p", 5), "b": Part("q"), "c": Part(size=37)}
    store.commit([Create(things.key(name), Thing(name, part=part)) for name, part in parts.items()])
    store.commit([Count(things.key("d"), fields={"name": "d"})])
    assert store.sum(things, "part.size") == 42


def test_documents_that_lack_the_field_are_in_no_order_by_it(store: Store, things: Collection[Thing]) -> None:
    store.commit([Create(things.key(name), Thing(name, at=at)) for name, at in (("a", None), ("b", AT))])
    assert names(store.find(Query(things, order_by="at"))) == ["b"]
    assert store.count(things, [Where("at", ">=", AT - timedelta(1))]) == 1


def test_conditions_reach_lists_booleans_times_and_nested_fields(store: Store, things: Collection[Thing]) -> None:
    store.commit(
        [
            Create(things.key("a"), Thing("a", 1, AT, on=False, tags=("x", "y"), part=Part("p", 1))),
            Create(things.key("b"), Thing("b", 2, AT + timedelta(1), tags=("y", "z"), part=Part("q", 2))),
            Create(things.key("c"), Thing("c", 3)),
        ]
    )

    def found(*where: Where) -> str:
        return "".join(sorted(names(store.find(Query(things, where)))))

    assert found(Where("tags", "array_contains", "y")) == "ab"
    assert found(Where("tags", "array_contains", "q")) == ""
    assert found(Where("tags", "array_contains_any", ["x", "q", "z"])) == "ab"
    assert found(Where("on", "==", False)) == "a"
    assert found(Where("at", ">", AT)) == "b"
    assert found(Where("part.size", ">=", 2)) == "b"
    assert found(Where("part.name", "in", ["p", "q"]), Where("tags", "array_contains", "z")) == "b"


def test_a_condition_and_an_order_go_together_with_pages(store: Store, numbered: Collection[Thing]) -> None:
    where = (Where("name", "in", ["b", "d", "f", "g"]),)
    query = Query(numbered, where, order_by="number", descending=True, limit=3)
    assert pages(store, query, lambda thing: thing.number) == [["g", "f", "d"], ["b"]]
