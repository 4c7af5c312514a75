"""A refused grant is marked once, told everywhere, and never takes a newer one down with it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.connection import Intent
from shared.errors import Remedy, Transient
from shared.ports.store import Replace, Write
from shared.usecases.condemn_mailbox import condemn
from tests.unit.usecases.office import ANNS, HERE, THERE, Office, id_of


def condemned(office: Office, version: int = 1, remedy: Remedy = Remedy.RECONNECT) -> bool:
    return condemn(
        office.store,
        office.topics,
        id_of(ANNS),
        version,
        remedy=remedy,
        reason="invalid_grant",
        now=office.clock.now(),
    )


@pytest.mark.parametrize("remedy", list(Remedy))
def test_r06_every_location_shows_it_and_is_told_once(remedy: Remedy) -> None:
    office = Office()
    office.connect()
    office.connect(location=THERE)
    office.topics.announced.clear()

    first, second = condemned(office, 2, remedy), condemned(office, 2, remedy)

    assert (first, second) == (True, False)
    assert [(event.type, event.location) for event in office.topics.announced] == [
        (f"connection.{remedy}", HERE),
        (f"connection.{remedy}", THERE),
    ]
    for place in (HERE, THERE):
        status = office.status(location=place)
        assert status.state == remedy
        assert status.problem
        assert status.problem.code == remedy
        assert status.problem.action
    assert not office.mailbox().usable


def test_f21_a_newer_grant_is_left_alone() -> None:
    office = Office()
    office.connect()
    office.connect(intent=Intent.RECONNECT)
    office.topics.announced.clear()

    assert not condemned(office, 1)

    assert office.mailbox().usable
    assert office.topics.announced == []


def test_f21_nor_is_a_grant_condemned_that_came_after_a_disconnect() -> None:
    office = Office()
    office.connect()
    office.disconnect()
    office.connect()

    assert not condemned(office, 1)

    assert office.mailbox().usable


def test_a_mailbox_that_nobody_uses_is_left_alone() -> None:
    office = Office()
    office.connect()
    office.disconnect()

    assert not condemned(office)


def test_f25_a_busy_mailbox_is_marked_all_the_same_and_announced_once() -> None:
    office = Office()
    office.connect()
    office.topics.announced.clear()
    key = keys.mailbox(id_of(ANNS))
    left = [3]

    def busy(_: Sequence[Write]) -> None:
        if left[0]:
            left[0] -= 1
            stored = office.store.read(key).stored(key)
            assert stored
            office.store.before_commit, mine = lambda _: None, office.store.before_commit
            office.store.commit([Replace(stored, replace(stored.value, fence=stored.value.fence + 1))])
            office.store.before_commit = mine

    office.store.before_commit = busy

    assert condemned(office)
    assert len(office.topics.announced) == 1
    assert office.mailbox().trouble


def test_r06_if_it_cannot_be_told_it_is_not_marked_so_that_it_is_never_silent() -> None:
    office = Office()
    office.connect()

    def refuse(_: str) -> None:
        raise Transient("topics: 503")

    office.topics.before_publish = refuse

    with pytest.raises(Transient):
        condemned(office)

    assert office.mailbox().trouble is None
