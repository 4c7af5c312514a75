"""What is stored is told of, also if the process died before it could and nobody may read the mailbox again (R75)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain import keys
from shared.domain.connection import Intent
from shared.domain.identifiers import LocationId
from shared.errors import Remedy, Transient
from shared.ports.store import Put
from shared.ports.world import Event
from shared.usecases import untold
from shared.usecases.condemn_mailbox import condemn
from shared.usecases.delete_location import delete_location
from shared.usecases.drop_grants import drop_grants
from shared.usecases.untold import events_of, noted
from tests.rules.letters import Letter
from tests.rules.premises import Premises
from tests.unit.usecases.office import ANN, ANNS, HERE, THERE

CARLS = "carl@customer.example"
OTHER = "anne@gmail.com"


class Killed(BaseException):
    """As if the process ended."""


def refused(world: Premises) -> None:
    """The topic takes nothing for five minutes."""
    until = world.clock.now() + timedelta(minutes=5)

    def refuse(topic: str) -> None:
        if topic == "events" and world.clock.now() < until:
            raise Transient("pubsub: 503", retry_at=until)

    world.topics.before_publish = refuse


def cut_off(*locations: LocationId) -> Premises:
    """A mail of Carl's is stored in the locations, and the process died before anybody was told."""
    world = Premises()
    world.account(OTHER)
    for location in locations or (HERE,):
        world.contact(f"carl-{location}", CARLS, location)
        if location != HERE:
            world.connect(location=location)
    world.clock.advance(minutes=1)

    def die(topic: str) -> None:
        if topic == "events":
            raise Killed

    world.topics.before_publish = die
    with pytest.raises(Killed):
        world.post(Letter("m", CARLS, (ANNS,)))
    world.topics.before_publish = lambda _: None
    assert world.events("message") == []
    return world


def told_of(world: Premises) -> list[LocationId]:
    """Where somebody was told of the mail."""
    (name,) = {one.id for at in (HERE, THERE) for one in world.messages(at)}
    events = [one for one in world.topics.announced if one.type == "message.stored"]
    assert all(one.id == f"message.stored:{one.location}:{name}" for one in events)
    assert all(one.details == {"message": name} for one in events)
    return [one.location for one in events]


def end_grant(world: Premises) -> None:
    world.lose_grant()
    world.drain(5)
    assert world.mailbox().trouble


def remove_location(world: Premises) -> None:
    delete_location(HERE, by=ANN, store=world.store, google=world.google, topics=world.topics, patience=world.patience)


ENDS: dict[str, Callable[[Premises], object]] = {
    "the grant is lost": end_grant,
    "the user disconnects": lambda world: world.disconnect(),
    "the user goes over to another account": lambda world: world.connect(OTHER, intent=Intent.UPDATE),
    "the location is removed": remove_location,
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_R75_F22_F36_what_was_stored_is_told_although_the_connection_ends(ends: Callable[[Premises], object]) -> None:
    world = cut_off()
    ends(world)
    assert told_of(world) == [HERE]
    assert world.mailbox().untold == ""


@pytest.mark.parametrize("ends", [end_grant, lambda world: world.disconnect()])
def test_R75_F52_it_is_told_later_if_that_process_died_as_well(ends: Callable[[Premises], object]) -> None:
    world = cut_off()

    def die(topic: str) -> None:
        if topic == "events":
            raise Killed

    world.topics.before_publish = die
    with pytest.raises(Killed):
        ends(world)
    world.topics.before_publish = lambda _: None
    world.clock.advance(minutes=5)
    world.drain(5)
    drop_grants(store=world.store, google=world.google, topics=world.topics, patience=world.patience)
    assert told_of(world) == [HERE]


def test_R75_what_another_location_still_has_the_mailbox_for_is_told_by_the_next_worker() -> None:
    world = cut_off(HERE, THERE)
    world.disconnect()
    world.drain(5)
    assert sorted(told_of(world)) == [HERE, THERE]


def test_R75_F07_the_next_worker_tells_it_once_and_nothing_is_noted_any_more() -> None:
    world = cut_off()
    assert world.mailbox().untold
    world.drain(5)
    assert told_of(world) == [HERE]
    assert world.mailbox().untold == ""
    world.clock.advance(minutes=1)
    world.post(Letter("n", "eve@else.example", (ANNS,)))
    assert told_of(world) == [HERE]


def test_R75_F08_a_mailbox_with_something_to_tell_is_worked_on_although_gmail_has_nothing_new() -> None:
    world = cut_off()
    world.gmail.changes.clear()
    world.drain(5)
    assert told_of(world) == [HERE]


@pytest.mark.parametrize("then", [lambda world: world.gmail.changes.clear(), lambda world: world.lose_grant()])
def test_R75_F20_what_the_topic_would_not_take_is_told_after_the_pause(then: Callable[[Premises], object]) -> None:
    world = Premises()
    world.contact("carl", CARLS)
    world.clock.advance(minutes=1)
    refused(world)
    world.post(Letter("m", CARLS, (ANNS,)))
    assert world.mailbox().pause_reason == "pubsub: 503"
    assert world.events("message") == []
    then(world)
    world.drain(15)
    assert told_of(world) == [HERE]


@pytest.mark.parametrize("ends", [end_grant, lambda world: world.disconnect()])
def test_R75_F08_what_was_committed_without_an_answer_is_told(ends: Callable[[Premises], object]) -> None:
    """The worker pauses, not knowing that anything is stored."""
    world = Premises()
    world.contact("carl", CARLS)
    world.clock.advance(minutes=1)

    def lose_the_answer(_: object) -> None:
        if world.messages():
            world.store.after_commit = lambda _: None
            raise Transient("store: unavailable")

    world.store.after_commit = lose_the_answer
    world.post(Letter("m", CARLS, (ANNS,)))
    assert world.mailbox().pause_reason == "store: unavailable"
    ends(world)
    assert told_of(world) == [HERE]


def test_R75_F21_what_was_stored_while_the_mailbox_was_being_marked_is_told_too() -> None:
    """A worker's commit comes between the reading of the mailbox and the mark, and then that worker dies."""
    world = Premises()
    mailbox, now = world.mailbox(), world.clock.now()
    world.topics.announced.clear()

    def intrude(_: object) -> None:
        world.store.before_commit = lambda _: None
        world.store.commit([Put(keys.mailbox(mailbox.id), replace(mailbox, untold=noted([EVENT])))])

    world.store.before_commit = intrude
    assert condemn(world.store, world.topics, mailbox.id, 1, remedy=Remedy.RECONNECT, reason="invalid_grant", now=now)
    assert world.topics.announced.count(EVENT) == 1
    assert set(world.events()) == {"message.stored", "connection.reauth_required"}
    assert world.mailbox().untold == ""


EVENT = Event("message.stored:here:m", "message.stored", HERE, datetime(2026, 3, 1, tzinfo=UTC), {"message": "m"})


def test_a_note_holds_events_as_they_are() -> None:
    assert events_of(noted([EVENT, EVENT])) == [EVENT, EVENT]
    assert (noted([]), events_of("")) == ("", [])


def test_F27_a_note_never_outgrows_its_document() -> None:
    many = noted([EVENT] * 5_000)
    assert 0 < len(many) <= untold.LONGEST
    assert set(map(repr, events_of(many))) == {repr(EVENT)}
