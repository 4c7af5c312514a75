"""Instances that are told to end: what is left is handed over, nothing is held, nobody has to wait (F45)."""

import signal
from dataclasses import replace

from shared.domain.mailbox import RECHECK
from shared.domain.outbox import EntryState
from shared.usecases.process_notification import Ending
from shared.wiring.instance import stopping
from tests.unit.inbound import World, letter
from tests.unit.outbound import CARL, Outbound


class Instance:
    """One that is told to end once it has stored that many mails."""

    def __init__(self, world: World, after: int) -> None:
        self.world, self.after = world, after

    def stopping(self) -> bool:
        return len(self.world.messages()) >= self.after


def ending(after: int) -> World:
    world = World()
    world.contact("carl", CARL)
    world.ports = replace(world.ports, chunk=2, stopping=Instance(world, after).stopping)
    for number in range(6):
        world.gmail.deliver(letter(CARL, subject=f"Number {number}"))
    return world


def test_f45_a_sync_that_is_told_to_end_hands_over_what_is_left_after_the_chunk_in_hand() -> None:
    world = ending(after=1)
    before = world.mailbox.cursor

    outcome = world.push()

    assert (outcome.ending, outcome.counts and outcome.counts["handed over"]) == (Ending.SYNCED, 1)
    assert len(world.messages()) == 2
    assert before < world.mailbox.cursor < world.gmail.newest
    assert (world.mailbox.holder, world.topics.woken) == ("", [world.mailbox_id])
    assert world.mailbox.wake_at == world.clock.now() + RECHECK
    world.ports = replace(world.ports, stopping=lambda: False)
    world.wake()
    assert len(world.messages()) == 6


def test_f45_one_that_is_told_to_end_while_it_waits_for_quota_lets_go_at_once() -> None:
    world = ending(after=0)
    world.ports = replace(world.ports, units_per_minute=1, stopping=lambda: world.clock.slept.total_seconds() > 0)

    outcome = world.push()

    assert (outcome.ending, outcome.problem) == (Ending.SYNCED, "")
    assert world.clock.slept.total_seconds() <= 5
    assert (world.mailbox.holder, world.topics.woken, world.parked()) == ("", [world.mailbox_id], {})
    world.ports = replace(world.ports, units_per_minute=6_000, stopping=lambda: False)
    world.wake()
    assert len(world.messages()) == 6


def test_f45_a_bulk_run_that_is_told_to_end_hands_on_the_recipients_that_are_left() -> None:
    world = Outbound()
    people = [f"p{number}@customer.example" for number in range(4)]
    world.contact("p0", people[0])
    name = world.accept({"kind": "bulk", "to": [{"address": one} for one in people]}).id
    world.topics.delivered.clear()
    told = world.delivery
    world.delivery = replace(told, stopping=lambda: len(world.provider.taken) >= 2)

    outcome = world.deliver(name)

    assert (outcome.state, outcome.reason, len(world.provider.taken)) == (EntryState.QUEUED, "goes on", 2)
    assert list(world.topics.delivered) == [name]
    world.delivery = told
    world.deliver(name)
    assert world.entry(name).state is EntryState.SENT
    assert sorted(one for taken in world.provider.taken for one in taken.rcpt_to) == people


class Worker:
    """As the server's: alive until its signal comes."""

    def __init__(self) -> None:
        self.alive = True

    def handle_exit(self, *_: object) -> None:
        self.alive = False


def test_f45_the_servers_worker_tells_that_the_signal_came() -> None:
    worker, before = Worker(), signal.getsignal(signal.SIGTERM)
    assert not stopping()
    signal.signal(signal.SIGTERM, worker.handle_exit)
    try:
        assert not stopping()
        signal.raise_signal(signal.SIGTERM)
        assert stopping()
    finally:
        signal.signal(signal.SIGTERM, before)
