"""Pub/Sub before `process_history`: pushes that come again until they are acknowledged, and instances that are full."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from shared.errors import Transient
from shared.usecases.process_notification import Notice
from tests.burst.virtual_time import VirtualTime
from tests.sandbox.plan import REPOSITORY

FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 600.0
ON_THE_WAY = (0.02, 0.08)
"""Seconds that a push takes, from and to."""


@dataclass(frozen=True)
class Function:
    """`process_history` as `infra/functions.json` has it deployed; `at_once` are invocations, times are in seconds."""

    at_once: int
    timeout: float
    ack_deadline: float

    @classmethod
    def deployed(cls, table: Path = REPOSITORY / "infra/functions.json") -> "Function":
        one = json.loads(table.read_text())["functions"]["process_history"]
        return cls(one["max_instances"] * one["concurrency"], one["timeout_s"], one["trigger"]["ack_deadline_s"])


@dataclass
class _Push:
    notice: Notice
    tries: int = 0
    acknowledged: bool = False


class Queue:
    """`invoke` acts on a notice; raising `Transient` refuses it. Whatever else it raises ends the simulation."""

    def __init__(self, time: VirtualTime, draw: Random, function: Function, invoke: Callable[[Notice], object]) -> None:
        self._time, self._draw, self._function, self._invoke = time, draw, function, invoke
        self._number = 0
        self.running = self.most_running = self.longest = 0.0
        self.refused = self.turned_away = self.overdue = self.invocations = 0
        self.waiting = 0

    def publish(self, notice: Notice) -> None:
        self._number += 1
        self.waiting += 1
        push = _Push(replace(notice, holder=f"push-{self._number}"))
        self._time.after(self._draw.uniform(*ON_THE_WAY), lambda: self._deliver(push))

    def _deliver(self, push: _Push) -> None:
        if push.acknowledged:
            return
        if self.running >= self._function.at_once:
            self.turned_away += 1
            self._again(push)
            return
        self._time.start(lambda: self._run(push))
        self._time.after(self._function.ack_deadline, lambda: self._unanswered(push, push.tries))

    def _run(self, push: _Push) -> None:
        begun = self._time.seconds
        self.invocations += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            self._invoke(push.notice)
        except Transient:
            self.refused += 1
            self._again(push)
        else:
            self.waiting -= not push.acknowledged
            push.acknowledged = True
        finally:
            self.running -= 1
            self.longest = max(self.longest, self._time.seconds - begun)

    def _again(self, push: _Push) -> None:
        push.tries += 1
        wait = min(FIRST_BACKOFF * 2 ** (push.tries - 1), LONGEST_BACKOFF)
        self._time.after(wait, lambda: self._deliver(push))

    def _unanswered(self, push: _Push, tries: int) -> None:
        """The deadline for an answer has passed: it comes again while the first delivery may still be at work."""
        if not push.acknowledged and push.tries == tries:
            self.overdue += 1
            self._again(push)
