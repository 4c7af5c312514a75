"""One simulator for all tests; each makes accounts of its own, and leaves circumstances as it found them."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from tests.sandbox.gmail_simulator.behaviour import Behaviour
from tests.simulator.running import Running, start


@pytest.fixture(scope="session")
def one_simulator() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@pytest.fixture
def gmail(one_simulator: Running) -> Iterator[Running]:
    yield one_simulator
    one_simulator.close_libraries()
    for path in ("faults", "pushes", "usage", "calls"):
        one_simulator.control("DELETE", path)
    one_simulator.act("quota", {"units_per_minute": 6000, "concurrent": 10, "sends_per_day": None})
    one_simulator.act("behaviour", asdict(Behaviour()))
