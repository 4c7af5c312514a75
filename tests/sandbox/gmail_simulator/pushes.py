"""The gate through which Pub/Sub pushes of the Gmail topic pass: here they are lost, doubled, delayed, held."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

Deliver = Callable[[], Awaitable[int]]
"""Posts one push to its function; the HTTP status of the answer, or OSError, or aiohttp.ClientError."""

_ACCEPTED = frozenset({102, 200, 201, 202, 204})
_TRIES, _EVERY_S = 30, 1.0


@dataclass(slots=True)
class Disturbance:
    """What happens to pushes from now on: the next `lose` are lost, each other comes `duplicate` times more."""

    lose: int = 0
    duplicate: int = 0
    delay_ms: float = 0.0
    reorder: bool = False
    hold: bool = False


class PushGate:
    """Lets pushes through, until told otherwise."""

    def __init__(self) -> None:
        self._now = Disturbance()
        self._held: list[Deliver] = []
        self._swapped: Deliver | None = None
        self._tasks: set[asyncio.Task[int]] = set()

    def disturb(self, disturbance: Disturbance) -> None:
        """Replaces what happens to pushes from now on; what is held stays held only while `hold` lasts."""
        self._now = disturbance
        if not disturbance.hold:
            self._release()

    def end(self) -> None:
        """Undisturbed again; what was held goes out, in the order in which it came."""
        self.disturb(Disturbance())

    def close(self) -> None:
        """Gives up what was to be delivered later."""
        for task in self._tasks:
            task.cancel()

    async def admit(self, deliver: Deliver) -> int:
        """Handles one push; the status with which Pub/Sub is to be answered."""
        disturbance = self._now
        if disturbance.lose > 0:
            disturbance.lose -= 1
            return 204
        if disturbance.hold:
            self._held.append(deliver)
            return 204
        if disturbance.reorder:
            self._reorder(deliver)
            return 204
        if disturbance.delay_ms > 0:
            self._start(deliver, disturbance.delay_ms / 1000)
            return 204
        return await self._deliver(deliver)

    async def _deliver(self, deliver: Deliver) -> int:
        copies = self._now.duplicate
        if copies > 0:
            await asyncio.gather(*(deliver() for _ in range(copies)), return_exceptions=True)
        return await deliver()

    def _reorder(self, deliver: Deliver) -> None:
        """Keeps each first of two pushes back until the second has gone, or for a second if none comes."""
        first, self._swapped = self._swapped, None
        if first is None:
            self._swapped = deliver
            asyncio.get_running_loop().call_later(_EVERY_S, self._let_go, deliver)
            return
        task = self._start(deliver, 0.0)
        task.add_done_callback(lambda _: self._start(first, 0.0))

    def _let_go(self, waiting: Deliver) -> None:
        if self._swapped is waiting:
            self._swapped = None
            self._start(waiting, 0.0)

    def _release(self) -> None:
        waiting, self._held = self._held, []
        if self._swapped is not None and not self._now.reorder:
            waiting.append(self._swapped)
            self._swapped = None
        for deliver in waiting:
            self._start(deliver, 0.0)

    def _start(self, deliver: Deliver, wait_s: float) -> asyncio.Task[int]:
        task = asyncio.get_running_loop().create_task(self._insist(deliver, wait_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _insist(self, deliver: Deliver, wait_s: float) -> int:
        """Delivers after `wait_s`, again each second while it is refused, as Pub/Sub would."""
        await asyncio.sleep(wait_s)
        status = 0
        for _ in range(_TRIES):
            try:
                status = await self._deliver(deliver)
            except (OSError, aiohttp.ClientError):
                status = 503
            if status in _ACCEPTED:
                break
            await asyncio.sleep(_EVERY_S)
        return status
