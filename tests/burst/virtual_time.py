"""Time that moves only from one event to the next, and workers that overlap in it although one runs at a time.

Each worker is a thread, and a baton goes from one to the next: whoever waits passes it on to whoever's time comes
first. Nothing here depends on how fast the machine is.
"""

import heapq
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

STACK = 512 * 1024


class _Worker:
    """A thread that has the baton or waits for it; `job` is what it does next, then it is idle until the next one."""

    def __init__(self) -> None:
        self.baton = threading.Semaphore(0)
        self.job: Callable[[], object] | None = None
        self.thread: threading.Thread | None = None


class VirtualTime:
    """A clock (`now`, `elapsed`, `sleep`) and the events that move it; `run` lasts until none is left."""

    def __init__(self, begin: datetime) -> None:
        self._begin, self._seconds, self._until = begin, 0.0, float("inf")
        self._events: list[tuple[float, int, _Worker | Callable[[], None]]] = []
        self._number = 0
        self._main = _Worker()
        self._running = self._main
        self._idle: list[_Worker] = []
        self.hired = 0
        self._failure: BaseException | None = None

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._seconds)

    def elapsed(self) -> timedelta:
        return timedelta(seconds=self._seconds)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._seconds

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Has `act` done then; it must not sleep itself."""
        self._add(self._seconds + seconds, act)

    def start(self, job: Callable[[], object]) -> None:
        """Has a worker do it from now on, beside all others."""
        worker = self._idle.pop() if self._idle else self._hired()
        worker.job = job
        self._add(self._seconds, worker)

    def sleep(self, duration: timedelta) -> None:
        """The worker that calls goes on so much later."""
        self.pause(duration.total_seconds())

    def pause(self, seconds: float) -> None:
        """As `sleep`, in seconds."""
        me = self._running
        if me is self._main:
            raise RuntimeError("only a worker sleeps")
        self._add(self._seconds + max(0.0, seconds), me)
        self._pass_on(me)

    def run(self, until: float = float("inf")) -> None:
        """Lets time pass. Raises what a job or an event raised."""
        self._until = until
        self._pass_on(self._main)
        if self._failure:
            raise self._failure
        if until != float("inf"):
            self._seconds = max(self._seconds, until)

    def close(self) -> None:
        """Sends everybody home who waits for a job."""
        for worker in self._idle:
            worker.baton.release()
            assert worker.thread
            worker.thread.join()
        self._idle.clear()

    def _add(self, at: float, what: "_Worker | Callable[[], None]") -> None:
        self._number += 1
        heapq.heappush(self._events, (at, self._number, what))

    def _hired(self) -> _Worker:
        self.hired += 1
        worker = _Worker()
        threading.stack_size(STACK)
        worker.thread = threading.Thread(target=self._work, args=(worker,), daemon=True)
        worker.thread.start()
        return worker

    def _work(self, me: _Worker) -> None:
        me.baton.acquire()
        while me.job is not None:
            try:
                me.job()
            except BaseException as failure:  # noqa: BLE001 - told by `run`
                self._failure = self._failure or failure
            me.job = None
            self._idle.append(me)
            self._pass_on(me)

    def _pass_on(self, me: _Worker) -> None:
        """Gives the baton to whoever is next, and waits for it."""
        following = self._next()
        if following is me:
            return
        self._running = following
        following.baton.release()
        me.baton.acquire()

    def _next(self) -> _Worker:
        """Events are acted on by whoever has the baton; a worker's time ends the search, or there is none in time."""
        while not self._failure and self._events and self._events[0][0] <= self._until:
            self._seconds, _, what = heapq.heappop(self._events)
            if isinstance(what, _Worker):
                self._running = what
                return what
            try:
                what()
            except BaseException as failure:  # noqa: BLE001 - told by `run`
                self._failure = failure
        self._running = self._main
        return self._main
