"""What could lose, repeat or leak mail when things go wrong at the same time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import GmailId, LocationId, MessageId
from shared.domain.mailbox import LEASE
from shared.errors import Refused, Transient
from shared.ports.store import Delete, Put, Stored
from shared.usecases.discard_blobs import discard_blobs
from shared.usecases.fetch_mail import Fetched
from shared.usecases.hold_mailbox import Held
from shared.usecases.process_notification import Ending
from shared.usecases.store_content import Content
from shared.usecases.sync_work import Work
from tests.unit.inbound import ADA, HERE, World, letter

BOB = "Bob <bob@client.example>"
THERE = LocationId("there")


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    return world


def with_file(mail: str) -> str:
    """The mail as one file, which Gmail hands out apart."""
    return mail.replace("Content-Type: text/plain", 'Content-Disposition: attachment; filename="a"\nContent-Type: a/b')


def refuses_events(world: World) -> None:
    def down(topic: str) -> None:
        if topic == "events":
            raise Transient("topics")

    world.topics.before_publish = down


def test_r19_f07_mail_that_is_rescued_while_its_chunk_is_done_again_is_not_skipped(world: World) -> None:
    spam = world.gmail.deliver(letter(BOB, subject="Rescued"), labels=["SPAM"])
    world.gmail.deliver(letter(BOB, subject="Other"))
    refuses_events(world)
    assert world.push().ending is Ending.PAUSED
    world.topics.before_publish = lambda _: None
    world.gmail.label(spam, remove=["SPAM"], add=["INBOX"])
    world.clock.advance(minutes=5)
    world.tick()
    assert sorted(world.conversation("bob")) == ["Other", "Rescued"]


def test_a_chunk_that_is_done_again_counts_nothing_twice(world: World) -> None:
    world.gmail.deliver(letter("eve@other.example"))
    gone = world.gmail.deliver(letter(BOB, subject="Vanishes"))
    world.gmail.deliver(letter(BOB, subject="Stays"))
    del world.gmail.mails[gone]
    refuses_events(world)
    world.push()
    world.topics.before_publish = lambda _: None
    for _ in range(4):
        world.clock.advance(minutes=5)
        world.tick()
    tally = world.mailbox.tally
    assert (tally.stored, tally.left_out, tally.gone, tally.parked) == (1, 1, 1, 0)


def test_f29_a_mail_that_gmail_never_hands_out_is_parked_and_the_rest_flows(world: World) -> None:
    bad = world.gmail.deliver(letter("eve@other.example"))
    world.gmail.deliver(letter(BOB, subject="Waits behind it"))

    def fails(call: str, what: str) -> None:
        if what == bad:
            raise Transient("gmail: 500")

    world.gmail.fail = fails
    world.push()
    for _ in range(6):
        world.clock.advance(minutes=5)
        world.tick()
    assert world.conversation("bob") == ["Waits behind it"]
    assert world.parked() == {bad: "gmail: 500"}


def test_f29_f09_a_mail_that_raises_does_not_hold_up_a_catch_up(world: World) -> None:
    bad = world.gmail.deliver(letter(BOB, subject="Bad"))
    world.gmail.deliver(letter(BOB, subject="Good"))
    world.gmail.forget_history()

    def fails(call: str, what: str) -> None:
        if call == "full" and what == bad:
            raise ValueError

    world.gmail.fail = fails
    world.push()
    assert world.conversation("bob") == ["Good"]
    assert set(world.parked()) == {bad}
    assert world.mailbox.catch_up is None


def test_f06_the_lease_lasts_as_long_as_the_files_of_a_chunk_take(world: World) -> None:
    for number in range(40):
        world.gmail.deliver(with_file(letter(BOB, subject=f"Number {number}")))
    held: list[bool] = []

    def slow(call: str, _what: str) -> None:
        if call == "attachment":
            world.clock.advance(seconds=4)
            held.append(world.mailbox.leased(world.clock.now()))

    world.gmail.fail = slow
    assert world.push().ending is Ending.SYNCED
    assert len(held) == 40
    assert all(held)
    assert timedelta(seconds=4 * 40) > LEASE


def test_r36_i9_flags_and_events_go_only_where_the_mailbox_still_is_connected(world: World) -> None:
    world.location(THERE)
    world.link(THERE)
    world.contact("robert", "bob@client.example", THERE)
    name = world.gmail.deliver(letter(BOB))
    world.push()
    world.unlink(THERE)
    world.topics.announced.clear()
    world.gmail.label(name, add=["STARRED"], remove=["UNREAD"])
    world.push()
    (here,), (there,) = world.messages(), world.messages(THERE)
    assert (here.read, here.starred) == (True, True)
    assert (there.read, there.starred) == (False, False)
    assert {event.location for event in world.topics.announced} == {HERE}


@pytest.mark.parametrize("call", ["history", "profile"])
def test_a_refusal_of_the_mailbox_is_a_growing_pause_and_no_loop(world: World, call: str) -> None:
    world.gmail.deliver(letter(BOB))
    if call == "profile":
        world.gmail.forget_history()

    def refuse(name: str, _what: str) -> None:
        if name == call:
            raise Refused("strange", "no")

    world.gmail.fail = refuse
    first = world.push()
    assert (first.ending, first.problem) == (Ending.PAUSED, "strange")
    asked = world.gmail.calls[call]
    assert world.push().ending is Ending.PAUSED
    assert world.gmail.calls[call] == asked
    world.clock.advance(hours=1)
    world.tick()
    until = world.mailbox.reads_paused_until
    assert until
    assert until - world.clock.now() > timedelta(seconds=20)


@pytest.mark.parametrize("listed", ["history", "search"])
def test_a_bug_outside_of_any_mail_is_raised_once_and_pauses(world: World, listed: str) -> None:
    world.gmail.deliver(letter(BOB))
    if listed == "search":
        world.gmail.forget_history()

    def bug(call: str, _what: str) -> None:
        if call == listed:
            raise KeyError("CANARY")

    world.gmail.fail = bug
    with pytest.raises(KeyError):
        world.push(holder="p")
    assert world.push(holder="p").ending is Ending.PAUSED
    assert "CANARY" not in repr(world.store.documents)


FORGED = "mx.google.com; dmarc=fail header.from=client.example"


def test_r35_t24_mail_that_fails_authentication_opens_its_thread_to_nobody(world: World) -> None:
    forged = letter(BOB, subject="Hi", Cc="mallory@evil.example", Authentication_Results=FORGED)
    world.gmail.deliver(forged, thread="t")
    world.push()
    assert world.conversation("bob") == ["Hi"]
    name = world.gmail.deliver(letter("mallory@evil.example", subject="Re: Hi"), thread="t")
    world.push()
    assert world.conversation("bob") == ["Hi"]
    assert world.left_out()[name] == "R23"
    assert name not in world.bodies_asked()


def changes_while_bodies_are_fetched(world: World, change: Iterator[None]) -> None:
    def during(call: str, _what: str) -> None:
        if call == "full":
            world.clock.advance(seconds=10)
            next(change, None)

    world.gmail.fail = during


def test_f40_a_contact_that_is_deleted_while_its_mail_is_fetched_gets_nothing(world: World) -> None:
    def delete() -> Iterator[None]:
        world.store.commit([Delete(keys.address(HERE, Address("bob@client.example")))])
        yield

    name = world.gmail.deliver(with_file(letter(BOB)))
    changes_while_bodies_are_fetched(world, delete())
    world.push()
    assert world.messages() == []
    assert world.blobs.contents == {}
    assert world.left_out() == {name: "R23"}


def test_r54_f09_sent_mail_that_a_catch_up_lists_again_is_not_counted_again(world: World) -> None:
    world.gmail.deliver(letter(ADA, "eve@other.example"), labels=["SENT"])
    world.push()
    world.clock.advance(minutes=1)
    before = world.mailbox
    world.gmail.deliver(letter(ADA, "eve@other.example", "Another"), labels=["SENT"])
    world.gmail.forget_history()
    world.push()
    assert sum(before.sent.values()) == 1
    assert sum(world.mailbox.sent.values()) == 2
    assert world.mailbox.tally.left_out == before.tally.left_out + 1


def test_i9_a_connection_of_somebody_else_in_the_same_location_is_another_connection(world: World) -> None:
    world.location(THERE)
    world.link(THERE)

    def changes_hands() -> Iterator[None]:
        later = replace(world.mailbox.links[HERE], connected_at=world.clock.now() + timedelta(hours=1))
        links = {**world.mailbox.links, HERE: later}
        world.store.commit([Put(keys.mailbox(world.mailbox_id), replace(world.mailbox, links=links))])
        yield

    name: GmailId = world.gmail.deliver(letter(BOB))
    changes_while_bodies_are_fetched(world, changes_hands())
    world.push()
    assert world.messages() == []
    assert not world.known(name)


def test_i9_r23_a_disconnect_while_a_file_is_fetched_leaves_no_bytes_of_it(world: World) -> None:
    def disconnects() -> Iterator[None]:
        world.unlink(HERE)
        yield

    world.gmail.deliver(with_file(letter(BOB)))
    changes_while_bodies_are_fetched(world, disconnects())
    with pytest.raises(Transient):
        world.push()
    assert world.messages() == []
    assert world.blobs.contents == {}


def test_f28_a_blob_that_a_message_has_meanwhile_is_never_taken_back(world: World) -> None:
    world.gmail.deliver(with_file(letter(BOB, Message_ID="<same@client.example>")))
    world.push()
    (message,) = world.messages()
    kept = dict(world.blobs.contents)
    assert kept
    now = world.clock.now()
    held = Held(Stored(keys.mailbox(world.mailbox_id), world.mailbox, now), now, 0)
    work = Work(world.ports, world.gmail, held, timedelta())
    blob = message.attachments[0]
    place = (HERE, GmailId("m1-ada"))
    discard_blobs(work, Fetched(contents={place: Content(attachments=(blob,))}, names={place: message.id}))
    assert world.blobs.contents == kept
    discard_blobs(work, Fetched(contents={place: Content(attachments=(blob,))}, names={place: MessageId("none")}))
    assert world.blobs.contents == {}


@pytest.mark.parametrize("trouble", [Transient("gmail: 500"), ValueError("CANARY")])
def test_f29_parked_mail_that_fails_again_neither_pauses_the_mailbox_nor_holds_up_the_rest(
    world: World, trouble: Exception
) -> None:
    bad, good = (world.gmail.deliver(letter(BOB, subject=subject)) for subject in ("Bad", "Good"))

    def refuses(call: str, _what: str) -> None:
        if call == "headers":
            raise Refused("strange", "no")

    def fails(_call: str, what: str) -> None:
        if what == bad:
            raise trouble

    world.gmail.fail = refuses
    world.push()
    assert set(world.parked()) == {bad, good}
    world.gmail.fail = fails
    world.clock.advance(minutes=2)
    world.tick()
    assert world.conversation("bob") == ["Good"]
    assert set(world.parked()) == {bad}
    assert world.mailbox.reads_paused_until is None


def test_f29_r75_parked_mail_that_is_stored_at_last_is_told_of_even_if_publishing_failed_at_first(world: World) -> None:
    bad = world.gmail.deliver(letter(BOB, subject="Bad at first"))
    failing = [ValueError(), ValueError()]

    def fails(call: str, what: str) -> None:
        if (call, what) == ("full", bad) and failing:
            raise failing.pop()

    world.gmail.fail = fails
    world.push()
    assert set(world.parked()) == {bad}
    refuses_events(world)
    world.clock.advance(minutes=20)
    world.tick()
    world.topics.before_publish = lambda _: None
    for _ in range(12):
        world.clock.advance(minutes=20)
        world.tick()

    (stored,) = world.messages()
    assert f"message.stored:{HERE}:{stored.id}" in {event.id for event in world.topics.announced}
    assert world.parked() == {}
    assert (world.mailbox.tally.stored, world.mailbox.tally.parked) == (1, 0)
