"""Connecting and disconnecting, cut off at every call to the outside, and then done again by whoever was cut off."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from shared.errors import Rejected, Transient
from shared.usecases.grants import Google
from shared.usecases.renew_watches import renew_watches
from tests.faults.strikes import Died, Fate, Mode, struck
from tests.unit.usecases.office import ANNS, HERE, THERE, TOPIC, Office

MODES = (Mode.DIE_BEFORE, Mode.DIE_AFTER, Mode.FAIL_BEFORE, Mode.FAIL_AFTER)


def cut(office: Office, act: Callable[[], object], fate: Fate) -> None:
    """The act, cut off as `fate` says."""
    store, topics, google = office.store, office.topics, office.google
    office.store, office.topics = struck(store, "store", fate), struck(topics, "topics", fate)
    grants = struck(google.grants, "grants", fate)
    office.google = Google(struck(google.mailboxes, "google", fate), grants, google.sealer)
    with suppress(Died, Transient):
        act()
    office.store, office.topics, office.google = store, topics, google


def at_call(number: int, mode: Mode) -> Fate:
    return Fate(chosen={number: mode})


def calls_of(prepare: Callable[[], tuple[Office, Callable[[], object]]]) -> int:
    office, act = prepare()
    fate = Fate()
    cut(office, act, fate)
    return len(fate.names)


def connecting() -> tuple[Office, Callable[[], object]]:
    office = Office()
    code = office.consented()["connect_code"]
    return office, lambda: office.complete(code)


def disconnecting() -> tuple[Office, Callable[[], object]]:
    office = Office()
    office.connect()
    return office, office.disconnect


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", range(calls_of(connecting)))
def test_a_user_who_was_cut_off_while_connecting_is_connected_in_the_end(at: int, mode: Mode) -> None:
    office, act = connecting()
    cut(office, act, at_call(at, mode))

    with suppress(Rejected):
        act()
    if office.status().state == "none":
        office.connect()

    mailbox = office.mailbox()
    assert office.status().state == "connected"
    assert mailbox.usable
    assert mailbox.wake_at is not None
    assert mailbox.watch_expires_at is not None
    assert office.grants.revoked == []
    assert not [path for path in office.store.documents if path.startswith("pending_consents")]
    assert office.internal(ANNS) == {f"mailbox:{mailbox.id}": ANNS}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", range(calls_of(disconnecting)))
def test_a_user_who_was_cut_off_while_disconnecting_is_disconnected_in_the_end(at: int, mode: Mode) -> None:
    office, act = disconnecting()
    sealed = office.mailbox().grant
    assert sealed
    cut(office, act, at_call(at, mode))

    act()

    assert office.status().state == "disconnected"
    assert office.mailbox().links == {}
    assert sealed.sealed not in office.dump()
    assert office.internal(ANNS) == {}
    office.connect()
    assert office.status().state == "connected"


def test_r75_a_connection_that_could_not_be_told_of_is_told_of_by_the_renewal() -> None:
    office = Office()

    def down(topic: str) -> None:
        raise Transient("topics: 503")

    office.topics.before_publish = down
    office.connect()
    office.topics.before_publish = lambda _: None
    renew_watches(
        store=office.store,
        mailboxes=office.mailboxes,
        topics=office.topics,
        gmail_topic=TOPIC,
        patience=office.patience,
    )

    assert [event.type for event in office.topics.announced] == ["connection.connected"]


def test_the_suite_meets_every_call() -> None:
    assert calls_of(connecting) >= 15
    assert calls_of(disconnecting) >= 8


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", range(calls_of(connecting)))
def test_R75_a_connection_whose_telling_was_cut_off_is_told_with_the_next_one_of_the_mailbox(
    at: int, mode: Mode
) -> None:
    """The second location's connection keeps a watch, so that the renewal has nothing more to tell."""
    office, act = connecting()
    cut(office, act, at_call(at, mode))
    if office.status().state != "connected":
        return
    office.connect(location=THERE)
    told = {one.location for one in office.topics.announced if one.type == "connection.connected"}
    assert told == {HERE, THERE}
