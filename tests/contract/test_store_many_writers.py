"""What a store promises when many write at once, kept by the fake and by Firestore alike."""

import threading
from dataclasses import replace

import pytest
from google.cloud import firestore

from shared.adapters.firestore.store import FirestoreStore
from shared.domain.keys import Collection, Key
from shared.errors import Conflict, Transient
from shared.ports.store import Count, Create, Put, Replace, Store
from tests.contract.conftest import ANONYMOUS
from tests.contract.store_things import Thing, stored


def test_many_writers_of_one_document_lose_no_update(store: Store, things: Collection[Thing]) -> None:
    key, writers, each = things.key("hot"), 8, 6
    store.commit([Create(key, Thing("hot"))])
    failures: list[BaseException] = []

    def add() -> None:
        done = 0
        try:
            while done < each:
                before = stored(store, key)
                try:
                    store.commit([Replace(before, replace(before.value, number=before.value.number + 1))])
                except (Conflict, Transient):
                    continue
                done += 1
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert stored(store, key).value.number == writers * each


def test_many_counters_of_one_document_lose_no_count(store: Store, things: Collection[Thing]) -> None:
    key, writers, each = things.key("hot"), 8, 6

    def add(first: int) -> None:
        for n in range(each):
            store.commit([Count(key, {"number": 1}, {"largest": first * each + n})])

    threads = [threading.Thread(target=add, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored(store, key).value.number == writers * each


def test_one_of_many_creators_wins(store: Store, things: Collection[Thing]) -> None:
    outcomes: list[str] = []

    def make(name: str) -> None:
        try:
            store.commit([Create(things.key("only"), Thing(name))])
        except Conflict:
            return
        outcomes.append(name)

    threads = [threading.Thread(target=make, args=(f"writer {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stored(store, things.key("only")).value.name] == outcomes


def test_F26_a_store_that_is_down_is_a_passing_trouble() -> None:
    gone = firestore.Client(project="demo", credentials=ANONYMOUS, client_options={"api_endpoint": "127.0.0.1:9"})
    with pytest.raises(Transient):
        FirestoreStore(gone).commit([Put(Key("places/a", Thing), Thing("a"))])
