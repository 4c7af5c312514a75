"""Schedules drawn from seeds: `python -m tests.faults.schedules --schedules 20000`, and what each run comes to."""

import argparse
import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.domain.identifiers import LocationId, UserId
from tests.faults.schedule import acts_gmail, acts_mail, acts_office, acts_sends, acts_sent, acts_time
from tests.faults.schedule.cast import SEATS
from tests.faults.schedule.ending import ended
from tests.faults.schedule.play import ACTS, Act, Play

MODULES = (acts_office, acts_mail, acts_gmail, acts_sends, acts_sent, acts_time)
STEPS = 40
BATCH = 50


@dataclass
class Tally:
    """What many schedules did; `breached` has by a batch's seed what was breached, and the acts that led there."""

    schedules: int = 0
    steps: int = 0
    deaths: int = 0
    strikes: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    breached: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        self.schedules += other.schedules
        self.steps += other.steps
        self.deaths += other.deaths
        self.strikes += other.strikes
        self.counts += other.counts
        self.breached |= other.breached


Step = tuple[str, dict[str, Any]]
TALLY = Tally()
"""Of the batch that this process runs."""


class Schedule(RuleBasedStateMachine):
    """One schedule; its rules are the acts."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.broken = False

    @initialize(taken=st.sampled_from([(), SEATS[:1], SEATS[:1], SEATS[:2], SEATS[:2], SEATS[::2], SEATS]))
    def begins(self, taken: tuple[tuple[LocationId, UserId], ...]) -> None:
        """Most companies have connected before anything happens."""
        for seat in taken:
            self.plays("connects", {"seat": seat, "other": False})

    def plays(self, name: str, given: dict[str, Any]) -> None:
        """One act."""
        try:
            self.play.do(name, **given)
        except Exception as error:
            self.broken = True
            _fail([f"{type(error).__name__}: {error}"], self.play)
            raise

    def teardown(self) -> None:
        """The end of the schedule, unless it broke off."""
        _count(self.play)
        if not self.broken:
            found = ended(self.play)
            if found:
                _fail(found, self.play)
            assert not found, found


FAILED: list[tuple[list[str], list[Step]]] = []
"""What the schedules that failed had breached, and their acts."""


def _fail(found: list[str], play: Play) -> None:
    FAILED.append((found, list(play.steps)))


def _count(play: Play) -> None:
    TALLY.schedules += 1
    TALLY.steps += len(play.steps)
    TALLY.deaths += play.plant.deaths
    TALLY.strikes += len(play.plant.strikes.struck)
    TALLY.counts += play.counts


def replayed(steps: Sequence[Step]) -> list[str]:
    """The breaches of a schedule that is played again."""
    play = Play()
    try:
        for name, given in steps:
            play.do(name, **given)
        return ended(play)
    except Exception as error:  # noqa: BLE001 - whatever breaks a schedule off is a breach
        return [f"{type(error).__name__}: {error}"]


def shortened(steps: Sequence[Step]) -> list[Step]:
    """As few of the acts as still lead to a breach, none of which can be left out."""
    left, size = list(steps), len(steps) // 2
    while size:
        at = 0
        while at < len(left):
            fewer = left[:at] + left[at + size :]
            if replayed(fewer):
                left = fewer
            else:
                at += size
        size //= 2
    return left


def code(steps: Sequence[Step]) -> str:
    """The acts of a schedule, as `Play.do` takes them."""
    lines = []
    for name, given in steps:
        named = "".join(f", {one}={_plain(value)}" for one, value in given.items())
        lines.append(f'    play.do("{name}"{named})')
    return "\n".join(lines)


def _plain(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)


def _rule_of(name: str) -> Callable[..., None]:
    def played(self: Schedule, **given: Any) -> None:
        self.plays(name, given)

    return played


def _drawn(one: Act, made: Callable[..., None]) -> object:
    given: dict[str, Any] = dict(one.given)
    ruled: Any = rule(**given)
    return ruled(precondition(lambda self: one.when(self.play))(made))


def _add_rules() -> None:
    """Each act is a rule, as often as it weighs."""
    for name, one in ACTS.items():
        for number in range(one.weight):
            made = _rule_of(name)
            made.__name__ = made.__qualname__ = f"{name}_{number}" if number else name
            setattr(Schedule, made.__name__, _drawn(one, made))


_add_rules()


def batch(seed: int, count: int = BATCH, steps: int = STEPS, *, shrink: bool = True) -> Tally:
    """As many schedules, all drawn from the seed."""
    TALLY.__init__()  # type: ignore[misc]
    FAILED.clear()
    began = time.perf_counter()
    chosen = hypothesis.settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    machine = hypothesis.seed(seed)(type("Schedule", (Schedule,), {}))
    try:
        with redirect_stdout(io.StringIO()):
            run_state_machine_as_test(machine, settings=chosen)
    except Exception:  # noqa: BLE001 - whatever ended it, the shortest schedule that does is told
        found, acts = FAILED[0]
        fewest = shortened(acts) if shrink else acts
        TALLY.breached[seed] = "\n".join([*(replayed(fewest) or found), code(fewest)])
    TALLY.seconds = time.perf_counter() - began
    return replace(TALLY)


def run(schedules: int, *, seed: int = 1, jobs: int = 1, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Batches from one seed on, until there were that many schedules."""
    total, began = Tally(), time.perf_counter()
    seeds = range(seed, seed + -(-schedules // BATCH))
    with ProcessPoolExecutor(jobs) as pool:
        for done in pool.map(batch, seeds):
            total.add(done)
            for number, found in done.breached.items():
                again = f"python -m tests.faults.schedules --seed {number} --schedules 1"
                tell(f"\nseed {number} breached; again: {again}\n{found}")
    total.seconds = time.perf_counter() - began
    return total


def told(total: Tally) -> str:
    """The run in a line."""
    return (
        f"{total.schedules} schedules, {total.steps} steps, {total.deaths} crashes, {total.strikes} strikes, "
        f"{total.counts['accepted'] + total.counts['bulk']} sends, {total.counts['mails']} mails, "
        f"{total.seconds:.0f} s, {len(total.breached)} breaches"
    )


def main() -> int:
    """Plays them, and says what was breached and how to see it again."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--schedules", type=int, default=1_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=1)
    asked.add_argument("--acts", action="store_true", help="how often each act happened")
    chosen = asked.parse_args()
    total = run(chosen.schedules, seed=chosen.seed, jobs=chosen.jobs, tell=lambda line: print(line, flush=True))
    if chosen.acts:
        for name, count in total.counts.most_common():
            print(f"{count:>9} {name}")
    print(told(total))
    return 1 if total.breached else 0


if __name__ == "__main__":
    sys.exit(main())
