"""What may befall a running stack: processes that die or stand still."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sandbox.plan import Plan


def crash(plan: Plan, function: str) -> list[int]:
    """Kills what serves a function, in the middle of whatever it does; the framework starts anew → the killed pids."""
    killed = children(_pid(plan, function))
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed


def tell_to_end(plan: Plan, function: str) -> None:
    """What the platform does when an instance is to go: SIGTERM to its first process, which may finish its requests."""
    os.kill(_pid(plan, function), signal.SIGTERM)


def pid(plan: Plan, name: str) -> int:
    """The first process of a function or part, as it is now."""
    return _pid(plan, name)


@contextmanager
def frozen(plan: Plan, name: str) -> Iterator[None]:
    """A function or part (`firestore`, `pubsub`) stands still while the block lasts: it neither answers nor refuses."""
    held = [_pid(plan, name), *children(_pid(plan, name))]
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)


def children(pid: int) -> list[int]:
    """The processes that this one started and that still run (Linux)."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pid(plan: Plan, name: str) -> int:
    return int((plan.run_dir / "pids" / name).read_text())
