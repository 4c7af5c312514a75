"""Simulated time moves only from event to event, and workers overlap in it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.burst.virtual_time import VirtualTime

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime(BEGIN)


def test_two_workers_overlap_and_each_sees_the_other_at_work(time: VirtualTime) -> None:
    seen: list[tuple[str, float]] = []

    def work(name: str, step: float) -> None:
        for _ in range(3):
            seen.append((name, time.seconds))
            time.pause(step)

    time.start(lambda: work("quick", 1.0))
    time.start(lambda: work("slow", 1.5))
    time.run()

    assert seen == [("quick", 0), ("slow", 0), ("quick", 1), ("slow", 1.5), ("quick", 2), ("slow", 3)]
    assert time.now() == BEGIN + timedelta(seconds=4.5)


def test_time_stands_still_while_a_worker_computes(time: VirtualTime) -> None:
    after: list[float] = []

    def work() -> None:
        assert sum(range(200_000)) > 0
        after.append(time.seconds)

    time.start(work)
    time.run()

    assert after == [0]
    assert time.now() == BEGIN


def test_a_run_ends_at_its_time_and_goes_on_from_there(time: VirtualTime) -> None:
    rung: list[float] = []

    def wait() -> None:
        time.sleep(timedelta(hours=1))
        rung.append(time.seconds)

    time.start(wait)

    time.run(until=10)
    assert (rung, time.seconds) == ([], 10)
    time.run()

    assert rung == [3_600]


def test_a_thousand_workers_use_as_many_threads_as_overlap_at_once(time: VirtualTime) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.pause(0.5)
        done.append(number)

    for number in range(1_000):
        time.after(number / 10, lambda number=number: time.start(lambda: work(number)))  # type: ignore[misc]
    time.run()

    assert done == list(range(1_000))
    assert time.hired <= 7


def test_what_a_worker_raises_ends_the_run(time: VirtualTime) -> None:
    def work() -> None:
        time.pause(1)
        raise ValueError("planted")

    time.start(work)
    with pytest.raises(ValueError, match="planted"):
        time.run()


def test_only_a_worker_may_sleep(time: VirtualTime) -> None:
    with pytest.raises(RuntimeError):
        time.sleep(timedelta(seconds=1))
