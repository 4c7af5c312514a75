"""Watches are renewed in good time, mailbox by mailbox, whatever happens to one of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import Intent
from shared.domain.mailbox import Alias
from shared.errors import GrantLost, Refused, Remedy, Transient
from shared.ports.store import Replace
from shared.usecases.renew_watches import Renewed, renew_watches
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, TOPIC, Office, id_of

BOBS = "bob@gmail.com"


def run(office: Office) -> Renewed:
    return renew_watches(
        store=office.store,
        mailboxes=office.mailboxes,
        topics=office.topics,
        gmail_topic=TOPIC,
        patience=office.patience,
    )


def two() -> Office:
    office = Office()
    office.account(BOBS)
    office.connect()
    office.connect(BOBS, user=BOB)
    return office


def test_only_what_lapses_within_36_hours_is_renewed() -> None:
    office = two()
    assert run(office) == Renewed()
    office.clock.advance(days=5, hours=12)

    assert run(office) == Renewed(renewed=2)

    assert office.mailbox().watch_expires_at == office.clock.now() + timedelta(days=7)
    assert run(office) == Renewed()


def test_f34_a_mailbox_without_a_watch_is_found() -> None:
    office = Office()

    def no_topic(name: str, _: str) -> None:
        if name == "watch":
            raise Transient("deployment")

    office.mailboxes.accounts[ANNS].fail = no_topic
    office.connect()
    office.mailboxes.accounts[ANNS].fail = lambda _name, _what: None

    assert run(office) == Renewed(renewed=1)
    assert office.mailbox().watch_expires_at == office.clock.now() + timedelta(days=7)


@pytest.mark.parametrize("error", [Transient("503"), Refused("x", "y"), ValueError("a bug")])
def test_f33_one_that_fails_stops_nobody_and_stays_due(error: Exception) -> None:
    office = two()
    office.clock.advance(days=6)

    def fail(_name: str, _what: str) -> None:
        raise error

    office.mailboxes.accounts[ANNS].fail = fail

    done = run(office)

    assert (done.renewed, list(done.failed)) == (1, [id_of(ANNS)])
    office.mailboxes.accounts[ANNS].fail = lambda _name, _what: None
    assert run(office) == Renewed(renewed=1)


def test_r06_a_refused_grant_is_marked_and_no_longer_asked() -> None:
    office = two()
    office.clock.advance(days=6)

    def lost(_name: str, _what: str) -> None:
        raise GrantLost(Remedy.RECONNECT, "invalid_grant")

    office.mailboxes.accounts[ANNS].fail = lost
    office.topics.announced.clear()

    assert run(office).renewed == 1

    assert office.status().state == "reauth_required"
    assert [event.type for event in office.topics.announced] == ["connection.reauth_required"]
    calls = office.mailboxes.accounts[ANNS].calls.total()
    assert run(office) == Renewed()
    assert office.mailboxes.accounts[ANNS].calls.total() == calls


def test_f32_after_a_watch_that_had_lapsed_the_mailbox_is_due_at_once() -> None:
    office = two()
    office.clock.advance(days=8)
    key = keys.mailbox(id_of(ANNS))
    stored = office.store.read(key).stored(key)
    assert stored
    office.store.commit([Replace(stored, replace(stored.value, wake_at=office.clock.now() + timedelta(hours=1)))])

    assert run(office).renewed == 2

    assert office.mailbox().wake_at == office.clock.now()


def test_disconnected_mailboxes_are_not_asked() -> None:
    office = two()
    office.disconnect()
    office.clock.advance(days=6)

    assert run(office) == Renewed(renewed=1)


def test_f33_all_pages_are_met() -> None:
    office = Office()
    for number in range(215):
        email = f"box{number}@gmail.com"
        office.account(email)
        office.connect(email)
        office.store.documents.pop(f"locations/{HERE}/connections/{ANN}")
    office.clock.advance(days=6)

    assert run(office) == Renewed(renewed=215)


def test_f33_what_time_does_not_allow_is_the_next_runs() -> None:
    office = two()
    office.clock.advance(days=6)

    def slow(name: str, _: str) -> None:
        if name == "watch":
            office.clock.advance(minutes=9)

    for account in office.mailboxes.accounts.values():
        account.fail = slow

    first, second = run(office), run(office)

    assert (first.renewed, first.unfinished) == (1, True)
    assert (second.renewed, second.unfinished) == (1, False)


def test_r22_changed_aliases_are_internal_in_every_location() -> None:
    office = Office()
    account = office.mailboxes.accounts[ANNS]
    account.more_aliases = (Alias(Address("old@shop.example")),)
    office.connect()
    office.connect(location=THERE)
    account.more_aliases = (Alias(Address("new@shop.example")),)
    office.clock.advance(days=6)

    assert run(office).renewed == 1

    for place in (HERE, THERE):
        assert office.internal("old@shop.example", location=place) == {}
        assert len(office.internal("new@shop.example", location=place)) == 1


def test_f21_a_newer_consent_keeps_its_own_watch() -> None:
    office = Office()
    office.connect()
    office.clock.advance(days=6)

    def reconnected(name: str, _: str) -> None:
        if name == "aliases":
            office.mailboxes.accounts[ANNS].fail = lambda _name, _what: None
            office.clock.advance(hours=1)
            office.connect(intent=Intent.RECONNECT)

    office.mailboxes.accounts[ANNS].fail = reconnected

    run(office)

    assert office.mailbox().watch_expires_at == office.clock.now() + timedelta(days=7)
