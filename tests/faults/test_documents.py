"""What is written of mail that is large or comes for many, and counters that everybody writes."""

from collections.abc import Sequence

import msgspec
import pytest

from shared.adapters.firestore.codec import encoded
from shared.domain import keys
from shared.domain.identifiers import LocationId
from shared.ports.store import Count, Create, Delete, Put, Write
from tests.unit.inbound import HERE, World, letter

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


def sizes(writes: Sequence[Write]) -> list[int]:
    return [
        len(msgspec.json.encode(encoded(one.fields if isinstance(one, Count) else one.value)))
        for one in writes
        if not isinstance(one, Delete)
    ]


def test_f27_no_document_and_no_batch_outgrows_the_store(world: World) -> None:
    """Ten locations have the mailbox, a hundred mails come at once, and some of them are enormous."""
    for number in range(9):
        place = LocationId(f"place{number}")
        world.location(place)
        world.link(place)
        world.contact("bob", BOB, place)
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(BOB, subject="Enormous", text="word " * 600_000))
    world.gmail.deliver(letter(BOB, subject="s" * 30_000))
    world.gmail.deliver(
        letter(BOB, subject="References", References=" ".join(f"<{n}@x.example>" for n in range(9_000)))
    )
    for number in range(97):
        world.gmail.deliver(letter(BOB, subject=f"{number}"))
    seen: list[tuple[int, int]] = []
    world.store.before_commit = lambda writes: seen.append((len(writes), max(sizes(writes), default=0)))
    world.push()
    settles(world, 2)
    assert len(world.conversation("bob")) == 100
    assert len(world.messages(LocationId("place8"))) == 100
    assert max(count for count, _ in seen) <= MOST_WRITES
    assert max(size for _, size in seen) < LARGEST_DOCUMENT / 2
    assert world.parked() == {}
    (enormous,) = [one for one in world.messages() if one.subject == "Enormous"]
    assert world.blobs.contents[enormous.body.blob]


def test_f27_a_counter_that_everybody_writes_is_added_to_and_never_read(world: World) -> None:
    """Two commits that know nothing of each other both count; neither is under a version."""
    kinds: set[type[Write]] = set()

    def look(writes: Sequence[Write]) -> None:
        kinds.update(type(one) for one in writes if not isinstance(one, Count) or "/conversations/" in one.key.path)
        assert not [one for one in writes if isinstance(one, Create | Put) and "/conversations/" in one.key.path]

    world.gmail.deliver(letter(BOB, subject="One"))
    world.store.before_commit = look
    world.push()
    key = keys.conversation(HERE, next(iter(world.messages())).conversation)

    def meanwhile(_writes: Sequence[Write]) -> None:
        world.store.before_commit = lambda _: None
        world.store.commit([Count(key, {"message_count": 5})])

    world.gmail.deliver(letter(BOB, subject="Two"))
    world.gmail.fail = lambda call, _: setattr(world.store, "before_commit", meanwhile) if call == "full" else None
    world.push()
    assert Count in kinds
    found = world.store.read(key).value(key)
    assert found
    assert found.message_count == 7
