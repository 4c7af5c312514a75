"""A connection ends at once and for good, whatever Google says, and never hurts another one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.connection import Intent
from shared.domain.identifiers import LocationId
from shared.errors import Conflict, GrantLost, Rejected, Remedy, Transient
from shared.ports.store import Create, Replace, Write
from shared.usecases.delete_location import delete_location
from shared.usecases.delete_user import delete_user
from shared.usecases.put_location import put_location
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, Office, id_of


def remove_location(office: Office, location: LocationId = HERE) -> None:
    delete_location(
        location,
        by=ANN,
        store=office.store,
        google=office.google,
        topics=office.topics,
        patience=office.patience,
    )


def test_r36_the_last_one_ends_watch_and_grant() -> None:
    office = Office()
    office.connect()
    office.topics.announced.clear()

    problem = office.disconnect()

    mailbox = office.mailbox()
    assert problem == ""
    assert (mailbox.links, mailbox.grant, mailbox.watch_expires_at, mailbox.wake_at) == ({}, None, None, None)
    assert office.grants.revoked == [ANNS]
    assert office.mailboxes.accounts[ANNS].calls["stop"] == 1
    assert office.internal(ANNS) == {}
    assert [event.type for event in office.topics.announced] == ["connection.disconnected"]
    status = office.status()
    assert (status.state, status.address, status.sends) == ("disconnected", ANNS, None)


def test_disconnecting_again_changes_nothing() -> None:
    office = Office()
    office.connect()
    office.disconnect()
    before, events = office.dump(), len(office.topics.announced)

    office.disconnect()
    office.disconnect(user=BOB)

    assert office.dump() == before
    assert len(office.topics.announced) == events
    assert office.status(user=BOB).state == "none"


def test_t10_the_ciphertext_goes_even_if_google_does_not_listen() -> None:
    office = Office()
    office.connect()
    sealed = office.mailbox().grant
    assert sealed

    def deaf(_name: str, _what: str = "") -> None:
        raise Transient("503")

    office.grants.fail = deaf
    office.mailboxes.accounts[ANNS].fail = deaf

    assert office.disconnect() == "stop: Transient, revoke: Transient"
    assert sealed.sealed not in office.dump()


def test_a_dead_grant_is_revoked_all_the_same() -> None:
    office = Office()
    office.connect()

    def lost(_name: str, _what: str) -> None:
        raise GrantLost(Remedy.RECONNECT, "invalid_grant")

    office.mailboxes.accounts[ANNS].fail = lost

    assert office.disconnect() == "stop: GrantLost"
    assert office.grants.revoked == [ANNS]


def test_r08_t10_another_location_keeps_watch_and_grant() -> None:
    office = Office()
    office.connect()
    office.connect(location=THERE)

    office.disconnect()

    assert office.mailbox().usable
    assert list(office.mailbox().links) == [THERE]
    assert office.grants.revoked == []
    assert office.mailboxes.accounts[ANNS].calls["stop"] == 0
    assert office.internal(ANNS) == {}
    assert len(office.internal(ANNS, location=THERE)) == 1
    assert office.status(location=THERE).state == "connected"


def test_i9_work_in_flight_cannot_commit_what_it_read_before() -> None:
    office = Office()
    office.connect()
    key = keys.mailbox(id_of(ANNS))
    held = office.store.read(key).stored(key)
    assert held

    office.disconnect()

    with pytest.raises(Conflict):
        office.store.commit([Replace(held, replace(held.value, cursor=held.value.cursor + 1))])


def test_f25_a_busy_mailbox_is_tried_again() -> None:
    office = Office()
    office.connect()
    key = keys.mailbox(id_of(ANNS))
    left = [5]

    def busy(writes: Sequence[Write]) -> None:
        if left[0]:
            left[0] -= 1
            stored = office.store.read(key).stored(key)
            assert stored
            office.store.before_commit, mine = lambda _: None, office.store.before_commit
            office.store.commit([Replace(stored, replace(stored.value, fence=stored.value.fence + 1))])
            office.store.before_commit = mine

    office.store.before_commit = busy

    assert office.disconnect() == ""
    assert office.mailbox().links == {}
    assert office.clock.slept.total_seconds() > 0


def test_r39_removing_a_user_ends_their_connection_and_repeating_it_is_fine() -> None:
    office = Office()
    office.connect()

    for _ in range(2):
        delete_user(
            HERE,
            ANN,
            by=BOB,
            store=office.store,
            google=office.google,
            topics=office.topics,
            patience=office.patience,
        )

    assert office.status().state == "disconnected"
    assert office.internal("ann@crm.example") == {}
    assert office.grants.revoked == [ANNS]
    with pytest.raises(Rejected, match="not_found"):
        office.begin()


def test_r39_removing_a_location_ends_all_its_connections_and_hides_it() -> None:
    office = Office()
    office.account("bob@gmail.com")
    office.connect()
    office.connect("bob@gmail.com", user=BOB)
    office.connect(location=THERE)

    remove_location(office)

    assert office.mailbox("bob@gmail.com").links == {}
    assert list(office.mailbox().links) == [THERE]
    with pytest.raises(Rejected, match="not_found"):
        office.status()
    assert office.status(location=THERE).state == "connected"


def test_r39_a_removal_that_was_cut_off_is_finished_by_repeating_it() -> None:
    office = Office()
    office.connect()

    def down(writes: Sequence[Write]) -> None:
        if any(isinstance(write, Replace | Create) for write in writes):
            raise Transient("store: 503")

    office.store.before_commit = down
    with pytest.raises(Transient):
        remove_location(office)
    office.store.before_commit = lambda _: None

    remove_location(office)

    assert office.mailbox().links == {}


def test_a_location_that_is_made_again_has_no_connections() -> None:
    office = Office()
    office.connect()
    remove_location(office)

    put_location(office.store, HERE, name="Again", preset="known_contacts", settings={}, patience=office.patience)

    assert office.status().state == "disconnected"


def test_r03_a_grant_that_was_given_meanwhile_is_not_revoked_with_the_old_one() -> None:
    office = Office()
    office.connect()
    again = office.consented(intent=Intent.RECONNECT)["connect_code"]

    def reconnect_at_once(_: Sequence[Write]) -> None:
        office.store.after_commit = lambda _: None
        office.complete(again)

    office.store.after_commit = reconnect_at_once

    office.disconnect()

    assert office.grants.revoked == []
    assert office.mailbox().usable
    assert office.status().state == "connected"


def test_r08_a_link_of_somebody_else_is_never_ended() -> None:
    office = Office()
    office.connect()
    key = keys.mailbox(id_of(ANNS))
    stored = office.store.read(key).stored(key)
    assert stored
    bobs = replace(stored.value.links[HERE], user=BOB)
    office.store.commit([Replace(stored, replace(stored.value, links={HERE: bobs}))])

    office.disconnect()

    assert office.mailbox().links == {HERE: bobs}
    assert office.mailbox().grant
    assert office.grants.revoked == []
