"""Every crash point: each operation of each scenario, in each mode, and what must hold after it."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.faults.invariants import breaches
from tests.faults.plant import Plant
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.strikes import Mode

TWICE = 40
"""Runs of each scenario in which a second operation is struck, too."""


@dataclass(frozen=True)
class Point:
    """One run: the operation with that number of the scenario, struck in a mode; maybe another one after it."""

    scenario: str
    number: int
    mode: Mode
    second: tuple[int, Mode] | None = None

    @property
    def name(self) -> str:
        """As `run` takes it: `send:17:DIE_AFTER`, or `send:17:DIE_AFTER:3:STALL`."""
        second = f":{self.second[0]}:{self.second[1].name}" if self.second else ""
        return f"{self.scenario}:{self.number}:{self.mode.name}{second}"

    @classmethod
    def of(cls, name: str) -> "Point":
        """The point of a name. Raises `ValueError` and `KeyError`."""
        scenario, number, mode, *rest = name.split(":")
        second = (int(rest[0]), Mode[rest[1]]) if rest else None
        return cls(scenario, int(number), Mode[mode], second)


@dataclass
class Report:
    """What a tour over the crash points found: operations of the clean runs, runs, and the breaches of each point."""

    operations: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    deaths: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0


def named(name: str) -> Scenario:
    """The scenario of that name. Raises `KeyError`."""
    return {one.name: one for one in SCENARIOS}[name]


def run(point: Point) -> tuple[list[str], Plant]:
    """The breaches of one run, and the plant as it was left."""
    scenario = named(point.scenario)
    plant = Plant()
    scenario.prepare(plant)
    plant.strikes.names.clear()
    plant.strikes.arm(point.mode, after=point.number)
    if point.second:
        plant.strikes.arm(point.second[1], after=point.number + 1 + point.second[0])
    return _played(scenario, plant), plant


def _played(scenario: Scenario, plant: Plant) -> list[str]:
    try:
        scenario.act(plant)
        plant.settle()
        return [*breaches(plant), *scenario.expect(plant)]
    except Exception as error:  # noqa: BLE001 - a scenario that does not come to its end is a breach like any other
        return [f"the scenario broke off: {type(error).__name__} {error}"]


def operations(scenario: Scenario) -> list[str]:
    """The names of a clean run's operations, in order. Raises `AssertionError` if the clean run has a breach."""
    plant = Plant()
    scenario.prepare(plant)
    plant.strikes.names.clear()
    scenario.act(plant)
    names = list(plant.strikes.names)
    plant.settle()
    found = [*breaches(plant), *scenario.expect(plant)]
    assert not found, (scenario.name, found)
    return names


def points(scenario: Scenario, count: int, seed: int) -> Iterator[Point]:
    """All of a scenario's points with one strike, and some with two, drawn by the seed."""
    for number in range(count):
        for mode in Mode:
            yield Point(scenario.name, number, mode)
    chance = random.Random(f"{scenario.name}-{seed}")  # noqa: S311 - which runs, no secrets
    for _ in range(TWICE):
        modes = chance.choice(list(Mode)), chance.choice(list(Mode))
        yield Point(scenario.name, chance.randrange(count), modes[0], (chance.randrange(count), modes[1]))


def tour(*, share: int = 1, seed: int = 1, chosen: str = "", tell: Callable[[str], None] = lambda _: None) -> Report:
    """Runs every point, or one of each `share`, drawn by the seed; of one scenario alone if it is chosen."""
    report, began = Report(), time.perf_counter()
    chance = random.Random(seed)  # noqa: S311 - as above
    for scenario in SCENARIOS:
        if chosen not in {"", scenario.name}:
            continue
        count = len(operations(scenario))
        report.operations[scenario.name] = count
        before, failed = report.runs, len(report.failed)
        for point in points(scenario, count, seed):
            if chance.randrange(share):
                continue
            found, plant = run(point)
            report.runs += 1
            report.deaths += plant.deaths
            if found:
                report.failed[point.name] = found
        runs = report.runs - before
        tell(f"  {scenario.name:<12} {count:>5} operations {runs:>6} runs {len(report.failed) - failed:>4} breached")
    report.seconds = time.perf_counter() - began
    return report
