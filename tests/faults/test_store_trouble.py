"""A store that is contended, down, half down or slow, and what is written of mail that is large."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.mailbox import LEASE
from shared.errors import Conflict, Refused, Transient
from shared.ports.store import Create, Put, Query, Write
from shared.usecases.process_notification import Ending
from tests.fakes.store import FakeReading
from tests.unit.inbound import HERE, World, letter
from tests.unit.outbound import Outbound

BOB = "bob@client.example"
LARGEST_DOCUMENT = 1_048_576
MOST_WRITES = 500


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", BOB)
    world.clock.advance(minutes=5)
    return world


def settles(world: World, minutes: int = 90) -> None:
    for _ in range(minutes):
        world.clock.advance(minutes=1)
        world.tick()


def test_f06_a_worker_that_was_paused_beyond_its_lease_writes_nothing_when_it_goes_on(world: World) -> None:
    """Whoever has the mailbox meanwhile stores the mail, moves the cursor, and is not overtaken."""
    world.gmail.deliver(letter(BOB, Message_ID="<a@client.example>"))
    paused = [True]

    def stands_still(call: str, _what: str) -> None:
        if call == "full" and paused:
            paused.clear()
            world.clock.advance(seconds=LEASE.total_seconds() + 1)
            assert world.push().ending is Ending.SYNCED
            snapshots.append(dict(world.store.documents))

    snapshots: list[dict[str, object]] = []
    world.gmail.fail = stands_still
    with pytest.raises(Transient):
        world.push()
    assert dict(world.store.documents) == snapshots[0]
    assert world.conversation("bob") == ["Hello"]
    assert world.mailbox.tally.stored == 1


@pytest.mark.parametrize("conflicts", [1, 6, 20, 10_000])
def test_f25_however_long_the_store_is_contended_nothing_is_written_by_half(world: World, conflicts: int) -> None:
    world.gmail.deliver(letter(BOB))
    before = dict(world.store.documents)
    left = itertools.count(conflicts, -1)

    def contended(_writes: Sequence[Write]) -> None:
        if next(left) > 0:
            raise Conflict("ABORTED")

    world.store.before_commit = contended
    if conflicts > 1_000:
        with pytest.raises(Transient):
            world.push()
        assert dict(world.store.documents) == before
        world.store.before_commit = lambda _: None
    world.push()
    settles(world, 3)
    assert world.conversation("bob") == ["Hello"]
    assert world.store.documents[f"locations/{HERE}/conversations/bob"][0]["message_count"] == 1


@pytest.mark.parametrize("first", range(8))
@pytest.mark.parametrize("lost", [True, False], ids=["written, answer lost", "not written"])
def test_f26_a_push_is_only_acknowledged_if_something_durable_brings_the_mail(
    world: World, first: int, *, lost: bool
) -> None:
    """The store reads and takes no writes from some commit on, for ten minutes."""
    world.ports = replace(world.ports, chunk=2)
    for number in range(3):
        world.gmail.deliver(letter(BOB, subject=f"{number}"))
    commits = itertools.count()

    def down(_writes: Sequence[Write]) -> None:
        if next(commits) >= first:
            raise Transient("store: ServiceUnavailable")

    setattr(world.store, "after_commit" if lost else "before_commit", down)
    acknowledged = True
    try:
        world.push()
    except Transient:
        acknowledged = False
    for _ in range(10):
        world.clock.advance(minutes=1)
        try:
            world.tick()
        except Transient:
            continue
    world.store.before_commit = world.store.after_commit = lambda _: None
    if not acknowledged:
        world.push()
    settles(world)
    assert sorted(world.conversation("bob")) == ["0", "1", "2"]
    assert world.store.documents[f"locations/{HERE}/conversations/bob"][0]["message_count"] == 3
    assert {one.id for one in world.topics.announced} == {
        f"message.stored:{HERE}:{message.id}" for message in world.messages()
    }


def test_f26_a_send_that_could_not_be_kept_is_not_accepted() -> None:
    sending = Outbound()

    def down(_writes: Sequence[Write]) -> None:
        raise Transient("store: ServiceUnavailable")

    sending.store.before_commit = down
    with pytest.raises(Transient):
        sending.accept()
    sending.store.before_commit = lambda _: None
    assert sending.messages() == []
    assert sending.used() == 0
    assert sending.accept().id == sending.entry_id()


def test_f30_where_parked_mail_cannot_be_kept_the_push_is_refused_and_the_cursor_stays(world: World) -> None:
    """The store's own `parked` is the place for what cannot be taken in: there is no other queue that could fill up."""
    bad = world.gmail.deliver(letter(BOB, subject="Bad"))
    world.gmail.deliver(letter(BOB, subject="Good"))
    cursor = world.mailbox.cursor

    def refuse(call: str, what: str) -> None:
        if call == "headers" and what == bad:
            raise Refused("strange", "no")

    def full(writes: Sequence[Write]) -> None:
        if any(isinstance(one, Create | Put) and one.key.path.startswith("parked/") for one in writes):
            raise Transient("store: ResourceExhausted")

    world.gmail.fail, world.store.before_commit = refuse, full
    for _ in range(5):
        outcome = world.push()
        assert outcome.ending is Ending.PAUSED
        world.clock.advance(minutes=5)
    assert "ResourceExhausted" in world.mailbox.pause_reason, "the reason is there to be seen"
    assert world.mailbox.cursor == cursor
    assert world.conversation("bob") == []
    world.store.before_commit = lambda _: None
    settles(world, 20)
    assert world.conversation("bob") == ["Good"]
    assert set(world.parked()) == {bad}


def test_f30_where_not_even_the_pause_can_be_kept_the_push_comes_again(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    world.gmail.fail = lambda _call, _what: setattr(world.store, "before_commit", _down)
    for _ in range(3):
        with pytest.raises(Transient):
            world.push()
    world.gmail.fail, world.store.before_commit = lambda _name, _what: None, lambda _: None
    settles(world, 3)
    assert world.conversation("bob") == ["Hello"]


def _down(_writes: Sequence[Write]) -> None:
    raise Transient("store: ServiceUnavailable")


def test_f50_where_nobody_can_say_who_an_address_is_nothing_is_decided_and_all_is_made_up_for(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    stranger = world.gmail.deliver(letter("eve@other.example"))
    read, asked = world.store.read, []

    def fails(*wanted: keys.Key[object]) -> FakeReading:
        if any("/addresses/" in key.path for key in wanted):
            asked.append(wanted)
            raise Transient("store: DeadlineExceeded")
        return read(*wanted)

    world.store.read = fails  # type: ignore[method-assign]
    for _ in range(4):
        assert world.push().ending is Ending.PAUSED
        world.clock.advance(minutes=3)
    assert asked
    assert world.bodies_asked() == set()
    assert (world.messages(), world.left_out(), world.parked()) == ([], {}, {})
    paused = world.mailbox.reads_paused_until
    assert paused
    assert paused - world.clock.now() < timedelta(minutes=16)
    world.store.read = read  # type: ignore[method-assign]
    settles(world, 20)
    assert world.conversation("bob") == ["Hello"]
    assert world.left_out() == {stranger: "R23"}
    assert world.store.find(Query(keys.PARKED)) == []
