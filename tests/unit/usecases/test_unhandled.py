"""Since when a mailbox has been behind what Gmail announced, by every way that a push can go."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.errors import Transient
from tests.unit.inbound import World, letter
from tests.unit.outbound import CARL


@pytest.fixture
def world() -> World:
    made = World()
    made.contact("carl", CARL)
    return made


def down(_call: str, _what: str) -> None:
    raise Transient("gmail: 500")


def to_a_gmail_that_is_down(world: World) -> None:
    world.gmail.fail = down
    world.push()


def to_a_paused_mailbox(world: World) -> None:
    world.gmail.fail = down
    world.wake()
    assert world.mailbox.reads_paused_until
    world.push()


def to_a_mailbox_whose_worker_is_busy(world: World) -> None:
    def push_meanwhile(call: str, _what: str) -> None:
        if call == "headers":
            world.push()
            raise Transient("gmail: 500")

    world.gmail.fail = push_meanwhile
    world.wake()


def ahead_of_the_history(world: World) -> None:
    world.gmail.lag = 10
    world.push()


@pytest.mark.parametrize(
    "pushed",
    [to_a_gmail_that_is_down, to_a_paused_mailbox, to_a_mailbox_whose_worker_is_busy, ahead_of_the_history],
)
def test_a_push_that_is_not_handled_at_once_is_behind_until_it_is(
    world: World, pushed: Callable[[World], None]
) -> None:
    world.push()
    assert world.mailbox.unhandled_since is None
    world.clock.advance(minutes=1)
    began = world.clock.now()
    world.gmail.deliver(letter(CARL))

    pushed(world)

    assert world.mailbox.pending == world.gmail.newest > world.mailbox.cursor
    assert world.mailbox.unhandled_since is not None
    assert abs(world.mailbox.unhandled_since - began) < timedelta(seconds=1)
    world.gmail.fail, world.gmail.lag = (lambda _call, _what: None), 0
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.tick()
    assert world.conversation("carl") == ["Hello"]
    assert world.mailbox.unhandled_since is None
