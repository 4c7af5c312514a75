"""Runs the floor and the worker, each in a fresh process, and reads what they tell."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.accounts import Account
from tests.benchmarks.ground import Ground
from tests.benchmarks.tenants import Tenant
from tests.sandbox.plan import REPOSITORY

WITHIN_S = 900.0
LANES = 10
"""Connections at the same time, which is what Gmail bears from one mailbox."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Wall time of the calls, CPU time of the whole process, in seconds."""

    wall_s: float
    cpu_s: float
    mails: int


@dataclass(frozen=True, slots=True)
class Step:
    """Pushes that a worker acted on: time, how they ended, what was done, and what the store was asked for."""

    wall_s: float
    cpu_s: float
    endings: dict[str, int]
    counts: dict[str, int]
    reads: int
    writes: int
    read_calls: int
    commits: int
    queries: int


@dataclass(frozen=True, slots=True)
class Worked:
    """A worker's steps, and the CPU time of its whole process in seconds, imports and all."""

    steps: tuple[Step, ...]
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Pushes:
    """`times` pushes that say the same, handled by so many threads; each comes again until it is acknowledged."""

    tenant: Tenant
    history_id: int
    times: int = 1
    threads: int = 1


def floor(ground: Ground, account: Account, bodies: Sequence[str] | None = None, *, threads: int = LANES) -> Floor:
    """Reads the account's mails as little as is possible; `bodies` of all, or of the ids given."""
    spec = {
        "host": "127.0.0.1",
        "port": ground.plan.ports["gmail"],
        "token": account.access_token,
        "since": account.before,
        "bodies": bodies,
        "threads": threads,
    }
    return Floor(**_run("floor", spec, ground.settings("process_history")))


def work(ground: Ground, *steps: Pushes, **settings: str) -> Worked:
    """Acts on the steps' pushes, one step after the other. AssertionError if one of them is never handled."""
    told = _run("worker", {"steps": [_spec(one) for one in steps]}, ground.settings("process_history", **settings))
    worked = Worked(tuple(Step(**one) for one in told["steps"]), told["cpu_s"])
    for step in worked.steps:
        if unwell := step.endings.keys() - {"synced", "handled before", "nothing to handle", "left to the holder"}:
            raise AssertionError(f"a push ended as: {', '.join(unwell)}")
    return worked


def last(tenant: Tenant) -> Pushes:
    """The push that announces the newest of the account's mails."""
    return Pushes(tenant, tenant.account.newest)


def _spec(one: Pushes) -> dict[str, object]:
    _Numbers.next += 1
    email = one.tenant.account.email
    return {
        "pushes": [[f"push-{_Numbers.next}-{at}", email, one.history_id] for at in range(one.times)],
        "threads": one.threads,
    }


class _Numbers:
    next = 0


def _run(module: str, spec: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}"],
        input=json.dumps(spec),
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    if ran.returncode:
        raise AssertionError(f"{module} ended with {ran.returncode}: {ran.stderr[-3000:]}")
    return dict(json.loads(ran.stdout.splitlines()[-1]))
