"""Crash points: a part of them, drawn by a fixed seed, runs with every test run; `make faults` runs them all."""

import pytest

from tests.faults.crash_points import Point, operations, points, run
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.strikes import Mode

SHARE = 8
NAMES = [one.name for one in SCENARIOS]
PORTS = {"store", "blobs", "topics", "gmail", "sender", "grants", "provider", "session", "webhook"}


@pytest.fixture(scope="module")
def clean() -> dict[str, list[str]]:
    """The operations of each scenario's clean run."""
    return {one.name: operations(one) for one in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_every_invariant_holds_at_the_crash_points_that_the_seed_draws(
    scenario: Scenario, clean: dict[str, list[str]]
) -> None:
    every = list(points(scenario, len(clean[scenario.name]), seed=1))
    struck = 0
    for point in every[NAMES.index(scenario.name) % SHARE :: SHARE]:
        found, plant = run(point)
        assert not found, f"make faults POINT={point.name}: {found}"
        struck += len(plant.strikes.struck)
    assert struck >= len(every) // SHARE


def test_the_scenarios_reach_every_port_that_can_fail(clean: dict[str, list[str]]) -> None:
    assert {name.partition(".")[0] for names in clean.values() for name in names} == PORTS


def test_a_clean_run_has_the_same_operations_each_time(clean: dict[str, list[str]]) -> None:
    assert {one.name: operations(one) for one in SCENARIOS} == clean


@pytest.mark.parametrize("mode", Mode)
def test_a_point_is_found_again_by_its_name(mode: Mode) -> None:
    point = Point("send", 3, mode, (4, Mode.STALL))
    assert Point.of(point.name) == point


# Points that showed a defect once.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("claim:41:FAIL_BEFORE", id="an-event-lost-of-mail-that-another-location-leaves-out"),
        pytest.param("send:11:PAUSE", id="an-upload-that-outlasts-its-claim"),
    ],
)
def test_a_point_that_failed_once_holds(name: str) -> None:
    assert run(Point.of(name))[0] == []
