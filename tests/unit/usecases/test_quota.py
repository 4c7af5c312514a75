"""A mailbox never asks for more than Gmail's quota of any minute, and for all that there is room for (F18, F41)."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import budget, keys
from shared.ports.store import Put
from tests.unit.inbound import ADA, World

UNITS = 6_000
CARL = "carl@customer.example"
COST = {"history": budget.HISTORY, "headers": budget.GET, "full": budget.GET, "profile": budget.PROFILE}
MINUTE = timedelta(seconds=60)
WAIT = timedelta(milliseconds=30)


class Metered(World):
    """A world at Gmail's own quota, in which every call takes a while; `asked` has the times and units of the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[datetime, int]] = []
        self.ports = replace(self.ports, units_per_minute=UNITS, deadline=timedelta(hours=9))
        self.gmail.fail = self._meter
        self.contact("carl", CARL)

    def _meter(self, name: str, what: str) -> None:
        self.asked.append((self.clock.now(), COST[name]))
        self.clock.sleep(WAIT)

    def most_in_a_minute(self) -> int:
        return max(sum(units for at, units in self.asked if begin <= at < begin + MINUTE) for begin, _ in self.asked)

    def mails(self, count: int) -> None:
        for number in range(count):
            name = f"{len(self.gmail.mails)}-{number}"
            self.gmail.deliver(f"From: {CARL}\nTo: {ADA}\nSubject: {name}\nMessage-ID: <{name}@c.example>\n\nHello.\n")


def test_f41_a_burst_is_read_as_fast_as_the_quota_lets_it_be_and_no_faster() -> None:
    world = Metered()
    world.mails(700)

    world.push()

    assert len(world.messages()) == 700
    assert world.most_in_a_minute() <= UNITS
    taken = world.asked[-1][0] - world.asked[0][0]
    assert taken <= 5 * MINUTE, "of its 4.7 quotas the first is there at once, and each minute brings another"


def test_f18_a_push_that_finds_the_quota_used_up_does_not_even_list_the_history_before_there_is_room() -> None:
    world = Metered()
    world.mails(3)
    used_up = budget.spending({}, world.clock.now(), UNITS)
    world.store.commit([Put(keys.mailbox(world.mailbox_id), replace(world.mailbox, units=used_up))])
    begun = world.clock.now()

    world.push()

    assert world.asked[0][0] - begun >= MINUTE
    assert len(world.messages()) == 3


def test_f18_looks_that_found_nothing_count_too() -> None:
    world = Metered()
    for _ in range(40):
        world.push(world.gmail.newest + 1)

    spent = budget.spent(world.mailbox.units, world.clock.now())

    assert spent == sum(units for at, units in world.asked if at > world.clock.now() - MINUTE)
    assert spent >= 40 * budget.HISTORY
