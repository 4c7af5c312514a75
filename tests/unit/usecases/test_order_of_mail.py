"""Mail that is read in another order than it came in, and chunks that are committed by halves, place nothing else."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.identifiers import ContactId
from shared.errors import Refused, Transient
from shared.ports.store import Replace, Write
from shared.usecases import catch_up, listed_mail, take_in
from shared.usecases.batch import Batch
from tests.unit.inbound import ADA, HERE, World, letter
from tests.unit.outbound import Outbound

BOB = "bob@client.example"
SAM = "sam@stranger.example"


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", BOB)
    world.clock.advance(minutes=5)
    return world


def sam_writes(world: World) -> str:
    name = world.gmail.deliver(letter(SAM, subject="Before"), thread="t")
    world.clock.advance(minutes=1)
    return name


def bob_joins(world: World) -> None:
    world.gmail.deliver(letter(ADA, BOB, subject="Re: Before", Cc=SAM), labels=["SENT"], thread="t")
    world.clock.advance(minutes=1)


def dies_at_its_second_commit_of_mail(world: World) -> None:
    """The documents of a chunk are more than fit into one commit, and the process dies between two of them."""
    done = 0

    def die(writes: Sequence[Write]) -> None:
        nonlocal done
        done += any("/messages/" in path(write) for write in writes)
        if done > 1:
            raise Killed

    world.store.before_commit = die
    with pytest.raises(Killed):
        world.push()
    world.store.before_commit = lambda _: None
    world.clock.advance(minutes=2)


def path(write: Write) -> str:
    return write.stored.key.path if isinstance(write, Replace) else write.key.path


def test_R25_mail_that_was_parked_when_a_contact_joined_the_thread_stays_out(world: World) -> None:
    def refuse(call: str, what: str) -> None:
        if call == "headers" and what == before:
            raise Refused("forbidden", "not now")

    before = sam_writes(world)
    world.gmail.fail = refuse
    world.push()
    assert list(world.parked()) == [before]
    world.gmail.fail = lambda _call, _what: None
    bob_joins(world)
    world.push()
    world.clock.advance(minutes=2)
    world.tick()
    assert world.parked() == {}
    assert world.conversation("bob") == ["Re: Before"]
    assert before not in world.bodies_asked()


def test_R25_F07_a_chunk_that_was_committed_by_half_is_decided_as_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_in, "MOST_DOCUMENTS", 3)
    sam_writes(world)
    bob_joins(world)
    for number in range(4):
        world.gmail.deliver(letter(BOB, subject=f"Number {number}"))
    dies_at_its_second_commit_of_mail(world)
    world.wake()
    assert sorted(world.conversation("bob")) == ["Number 0", "Number 1", "Number 2", "Number 3", "Re: Before"]


def test_R75_F07_contacts_of_a_chunk_that_was_committed_by_half_are_all_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.policy("populate_contacts")
    monkeypatch.setattr(take_in, "MOST_DOCUMENTS", 3)
    for number in range(6):
        world.gmail.deliver(letter(f"person{number}@other.example"))
    dies_at_its_second_commit_of_mail(world)
    world.wake()
    told = {event.details["contact"] for event in world.topics.announced if event.type == "contact.created"}
    assert told == {message.conversation for message in world.messages()}
    assert len(told) == 6


def test_R25_earlier_mail_of_the_pinned_contact_is_where_the_thread_begins(world: World) -> None:
    began = world.clock.now()
    world.clock.advance(minutes=1)
    between = world.clock.now()
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(BOB, subject="Later", Cc=SAM), thread="t")
    world.push()
    world.gmail.deliver(letter(BOB, subject="First", Cc=SAM), thread="t", at=began)
    world.push()
    world.gmail.deliver(letter(SAM, subject="Between"), thread="t", at=between)
    world.push()
    assert sorted(world.conversation("bob")) == ["Between", "First", "Later"]


def test_R11_a_mail_from_the_future_keeps_nobody_out_of_its_thread(world: World) -> None:
    """A mail client may put a copy into Sent under any date."""
    at = world.clock.now().replace(year=2030)
    world.gmail.deliver(letter(ADA, BOB, Cc=SAM), labels=["SENT"], thread="t", at=at)
    world.push()
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(SAM, subject="Re: Hello"), thread="t")
    world.push()
    assert sorted(world.conversation("bob")) == ["Hello", "Re: Hello"]


def test_R11_R25_what_answers_a_send_of_the_crm_is_later_than_it_whenever_the_send_is_recorded() -> None:
    world = Outbound()
    world.send({"cc": [{"address": SAM}]})
    (sent,) = world.gmail.mails.values()
    world.gmail.deliver(letter(SAM, subject="Re: An offer"), thread=sent.thread)
    world.clock.advance(hours=1)
    world.push()
    assert sorted(world.conversation("carl")) == ["An offer", "Re: An offer"]


def catches_up(world: World, page: int = 2) -> None:
    world.gmail.page = page
    world.gmail.forget_history()
    world.push()
    for _ in range(5):
        world.tick()
    assert world.mailbox.catch_up is None


def test_F09_R13_a_catch_up_of_many_pages_takes_the_oldest_first(world: World) -> None:
    """Under `thread_only` the user's answer counts because of the mail before it, which Gmail lists a page later."""
    world.policy("crm_threads")
    world.gmail.deliver(letter(BOB, subject="Question"), thread="t")
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(ADA, BOB, subject="Re: Question"), labels=["SENT"], thread="t")
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.gmail.deliver(letter("eve@other.example"))
    catches_up(world)
    assert sorted(world.conversation("bob")) == ["Question", "Re: Question"]


def test_F09_R25_a_catch_up_keeps_out_what_came_before_the_contact_joined(world: World) -> None:
    sam_writes(world)
    bob_joins(world)
    world.gmail.deliver(letter("eve@other.example"))
    catches_up(world)
    assert world.conversation("bob") == ["Re: Before"]


def test_F09_a_catch_up_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "NOTED", 2)
    monkeypatch.setattr(listed_mail, "MOST", 5)
    world.ports = replace(world.ports, chunk=2)
    for number in range(12):
        world.gmail.deliver(letter(BOB, subject=f"{number:02}"))
        world.clock.advance(minutes=1)
    calls = 0

    def trouble(call: str, _what: str) -> None:
        nonlocal calls
        calls += call == "headers"
        if call == "headers" and calls == 8:
            raise Transient("gmail: 503")

    world.gmail.fail = trouble
    world.gmail.forget_history()
    world.push()
    assert sorted(world.conversation("bob")) == [f"{number:02}" for number in range(7)]
    world.clock.advance(minutes=1)
    stopped = world.mailbox.catch_up
    assert stopped
    assert stopped.through
    world.gmail.delete(stopped.through)
    world.tick()
    assert sorted(world.conversation("bob")) == [f"{number:02}" for number in range(12)]
    assert world.mailbox.catch_up is None
    assert world.gmail.calls["full"] == 12


def test_R75_F08_a_send_that_the_sync_recorded_is_told_although_the_process_died_before() -> None:
    """The worker that sent it is dead as well, so that nobody else tells it."""
    sending = Outbound()
    name = sending.accept().id

    def die(_: object) -> None:
        raise Killed

    sending.sender.after = lambda call: die(call) if call == "finish" else None
    with pytest.raises(Killed):
        sending.deliver(name)
    sending.deliver(name)
    sending.topics.before_publish = lambda topic: die(topic) if topic == "events" else None
    with pytest.raises(Killed):
        sending.push()
    assert sending.shown(name).status == "sent"
    sending.topics.before_publish = lambda _: None
    sending.clock.advance(minutes=2)
    sending.drain()
    assert [event.details["message"] for event in sending.topics.announced if event.type == "message.sent"] == [name]


def test_what_a_commit_left_as_it_was_keeps_its_version(world: World) -> None:
    key, other = keys.contact(HERE, ContactId("bob")), keys.contact(HERE, ContactId("new"))
    batch = Batch(world.store)
    bob = batch.value(key)
    assert bob
    batch.put(key, bob)
    batch.put(other, replace(bob, id=ContactId("new")))
    batch.written(world.store.commit(batch.writes()))
    batch.put(key, replace(bob, name="Bob"))
    world.store.commit(batch.writes())
    assert world.store.read(key).value(key) == replace(bob, name="Bob")
