"""The gate for pushes: lost, doubled, delayed, reordered, held."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.sandbox.gmail_simulator import pushes
from tests.sandbox.gmail_simulator.pushes import Disturbance, PushGate


class Function:
    """Counts what reaches it, and answers with the given statuses, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.reached: list[str] = []
        self._another = asyncio.Event()
        self._statuses = list(statuses) or [204]

    def push(self, name: str) -> Callable[[], Awaitable[int]]:
        """A push that would reach it."""

        async def deliver() -> int:
            self.reached.append(name)
            self._another.set()
            return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]

        return deliver

    async def wait_for(self, count: int) -> None:
        """Until so many have reached it."""
        async with asyncio.timeout(5):
            while len(self.reached) < count:
                self._another.clear()
                await self._another.wait()


@pytest.fixture(autouse=True)
def quick_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "_EVERY_S", 0.01)


def run(play: Callable[[PushGate, Function], Awaitable[None]], *statuses: int) -> None:
    async def playing() -> None:
        await play(PushGate(), Function(*statuses))

    asyncio.run(playing())


def test_an_undisturbed_push_has_its_functions_answer() -> None:
    async def play(gate: PushGate, function: Function) -> None:
        assert await gate.admit(function.push("a")) == 503
        assert function.reached == ["a"]

    run(play, 503)


def test_lost_pushes_are_acknowledged_and_never_delivered() -> None:
    async def play(gate: PushGate, function: Function) -> None:
        gate.disturb(Disturbance(lose=2))
        for name in "abc":
            assert await gate.admit(function.push(name)) == 204
        assert function.reached == ["c"]

    run(play)


def test_a_doubled_push_is_delivered_that_many_times_more() -> None:
    async def play(gate: PushGate, function: Function) -> None:
        gate.disturb(Disturbance(duplicate=9))
        await gate.admit(function.push("a"))
        assert function.reached == ["a"] * 10

    run(play)


def test_held_pushes_go_out_in_order_when_it_ends() -> None:
    async def play(gate: PushGate, function: Function) -> None:
        gate.disturb(Disturbance(hold=True))
        for name in "ab":
            assert await gate.admit(function.push(name)) == 204
        assert function.reached == []
        gate.end()
        await function.wait_for(2)
        assert function.reached == ["a", "b"]

    run(play)


def test_a_delayed_push_is_repeated_while_it_is_refused() -> None:
    async def play(gate: PushGate, function: Function) -> None:
        gate.disturb(Disturbance(delay_ms=5))
        assert await gate.admit(function.push("a")) == 204
        assert function.reached == []
        await function.wait_for(3)

    run(play, 503, 503, 204)


def test_reordered_pushes_swap_in_pairs_and_a_single_one_comes_late() -> None:
    async def play(gate: PushGate, function: Function) -> None:
        gate.disturb(Disturbance(reorder=True))
        for name in "abc":
            assert await gate.admit(function.push(name)) == 204
        await function.wait_for(3)
        assert function.reached == ["b", "a", "c"]

    run(play)
