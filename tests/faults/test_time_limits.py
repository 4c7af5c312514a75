"""Time that runs out, and instances that are told to end."""

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.domain.mailbox import FIRST_PAUSE, LEASE
from shared.errors import Transient
from shared.ports.store import Write
from shared.usecases.process_notification import Ending
from tests.unit.inbound import World, letter

BOB = "bob@client.example"


@pytest.mark.parametrize("number", range(6))
def test_f45_an_instance_that_is_told_to_end_finishes_its_chunk_and_leaves_the_mailbox_free(number: int) -> None:
    """Ten seconds are left then: no mail is half done, and another instance goes on at once."""
    world = World()
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    told, commits = [False], itertools.count()
    world.ports = dataclasses.replace(world.ports, chunk=2, stopping=lambda: told[0])
    for one in range(8):
        world.gmail.deliver(letter("bob@client.example", subject=f"{one}"))

    def stops(_writes: Sequence[Write]) -> None:
        told[0] = told[0] or next(commits) == number

    world.store.after_commit = stops
    outcome = world.push()
    assert outcome.ending is Ending.SYNCED
    assert not world.mailbox.leased(world.clock.now())
    assert len(world.messages()) % 2 == 0
    if told[0] and len(world.messages()) < 8:
        assert world.topics.woken[-1:] == [world.mailbox_id]
    headers = world.gmail.calls["headers"]
    assert headers == len(world.messages())
    told[0], world.store.after_commit = False, lambda _: None
    world.wake()
    assert sorted(world.conversation("bob")) == [f"{one}" for one in range(8)]
    assert world.gmail.calls["headers"] == 8


@pytest.mark.parametrize("call", ["headers", "full"])
def test_f45_an_invocation_that_is_cut_off_at_its_timeout_is_gone_on_with_after_its_lease(call: str) -> None:
    world = World()
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    world.ports = dataclasses.replace(world.ports, chunk=2)
    for one in range(6):
        world.gmail.deliver(letter("bob@client.example", subject=f"{one}"))

    class CutOff(BaseException): ...

    def hangs(name: str, what: str) -> None:
        if name == call and what.startswith("m4"):
            world.gmail.fail = lambda _name, _what: None
            world.clock.advance(seconds=540)
            raise CutOff

    world.gmail.fail = hangs
    with pytest.raises(CutOff):
        world.push()
    done = world.mailbox.tally.stored
    assert done == 2
    world.clock.advance(minutes=1)
    world.tick()
    assert sorted(world.conversation("bob")) == [f"{one}" for one in range(6)]
    assert world.gmail.calls["full"] <= 8
    assert timedelta() <= world.clock.slept < timedelta(minutes=1)


def test_f20_a_lease_begins_when_the_mailbox_is_claimed_however_long_gmail_took_to_list() -> None:
    world = World()
    world.contact("bob", BOB)
    world.gmail.deliver(letter(BOB))
    left = []

    def slow(call: str, _what: str) -> None:
        if call == "history":
            world.clock.advance(seconds=3 * LEASE.total_seconds())
        if call == "headers" and world.mailbox.lease_until:
            left.append(world.mailbox.lease_until - world.clock.now())

    world.gmail.fail = slow

    assert world.push().ending is Ending.SYNCED
    assert left == [LEASE]


def test_f20_a_pause_begins_when_gmail_has_failed_however_long_that_took() -> None:
    world = World()
    world.contact("bob", BOB)
    world.gmail.deliver(letter(BOB))

    def fails_late(_call: str, _what: str) -> None:
        world.clock.advance(seconds=3 * LEASE.total_seconds())
        raise Transient("gmail: 503")

    world.gmail.fail = fails_late

    assert world.push().ending is Ending.PAUSED
    assert world.mailbox.reads_paused_until == world.clock.now() + FIRST_PAUSE
