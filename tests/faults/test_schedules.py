"""A few hundred schedules, always the same ones: whatever befalls the product in whatever order, all must hold."""

from collections import Counter
from functools import cache

import pytest

from tests.faults.schedule.play import ACTS
from tests.faults.schedules import BATCH, Tally, batch

SEEDS = range(1, 6)
ENOUGH = {"mails": 500, "connected": 100, "accepted": 80, "bulk": 20, "filed": 10, "retried": 3}
"""What they must have come to in all: schedules in which nothing happens prove nothing."""


@cache
def played(seed: int) -> Tally:
    return batch(seed, shrink=False)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_nor_twice_in_any_schedule_of_a_seed(seed: int) -> None:
    assert played(seed).breached == {}, (
        f"again, shortened: python -m tests.faults.schedules --seed {seed} --schedules 1"
    )


def test_the_schedules_reach_every_act_and_enough_mail_sends_and_crashes() -> None:
    total = Tally()
    for seed in SEEDS:
        total.add(played(seed))
    counts: Counter[str] = total.counts
    assert total.schedules >= len(SEEDS) * BATCH
    assert [name for name in ACTS if counts[name] < 5] == []
    assert {name: counts[name] for name, least in ENOUGH.items() if counts[name] < least} == {}
    assert total.deaths > 50
    assert total.strikes > 150
