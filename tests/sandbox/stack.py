"""One stack from its first process to its last: started in good order, watched, and ended without remains."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import urllib3

from tests.client.endpoints import Endpoints
from tests.client.wire import RefusedError, call
from tests.sandbox import emulators, topics
from tests.sandbox.fronts import Fronts
from tests.sandbox.lock import only_one
from tests.sandbox.plan import REPOSITORY, Plan
from tests.sandbox.processes import Part, last_line, start_python, stop
from tests.sandbox.seed import sow
from tests.sandbox.settings import environment, write_secrets
from tests.sandbox.trouble import TroubleError

START_WITHIN_S = 60.0
POLL_S = 0.02
LISTENING = ("gmail", "issuer", "crm", "provider", "events", "relay", "mx")
# The framework answers this path itself, without calling the function.
NO_FUNCTION = "/robots.txt"


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen: `root` holds the functions, `changed` replaces settings by name.

    `fronted`: the functions reach store, Gmail and Pub/Sub through proxies that break when they are told to.
    """

    run_dir: Path
    root: Path = REPOSITORY
    port_base: int | None = None
    changed: dict[str, str] = field(default_factory=dict)
    seeded: bool = True
    fronted: bool = False


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that answers."""

    plan: Plan
    endpoints: Endpoints
    parts: list[Part]
    fronts: Fronts | None = None

    def fallen(self) -> str | None:
        """Which process ended although nobody told it to, and its last word."""
        return next((_end_of(part) for part in self.parts if part.ended), None)


@contextmanager
def running(options: Options) -> Iterator[Stack]:
    """A stack for as long as the block lasts; TroubleError says in one sentence why there is none."""
    emulators.check()
    with only_one(options.run_dir):
        plan = _prepare(options)
        parts: list[Part] = []
        fronts = Fronts.start(plan) if plan.fronted else None
        try:
            _start(plan, parts)
            endpoints = _endpoints(plan, seeded=options.seeded)
            _publish(plan, endpoints)
            yield Stack(plan, endpoints, parts, fronts)
        finally:
            (plan.run_dir / "endpoints.json").unlink(missing_ok=True)
            if fronts:
                fronts.mend()
            stop(parts)
            if fronts:
                fronts.stop()


def _prepare(options: Options) -> Plan:
    plan = Plan.make(
        root=options.root,
        run_dir=options.run_dir,
        port_base=options.port_base,
        changed=options.changed,
        fronted=options.fronted,
    )
    for name in plan.table.functions:
        environment(plan, name)
    (plan.run_dir / "endpoints.json").unlink(missing_ok=True)
    for folder in ("logs", "pids", "blobs", "secrets", "pubsub"):
        shutil.rmtree(plan.run_dir / folder, ignore_errors=True)
    for folder in ("logs", "pids", "blobs"):
        (plan.run_dir / folder).mkdir()
    write_secrets(plan)
    return plan


def _start(plan: Plan, parts: list[Part]) -> None:
    # The order is that of stopping too: first who calls, then who keeps, then who works.
    written, pids = str(plan.write()), plan.run_dir / "pids"
    parts.append(start_python("servers", written, log=plan.log("servers"), pids=pids))
    parts.append(emulators.start_firestore(plan))
    parts.append(emulators.start_pubsub(plan))
    parts.append(start_python("zygote", written, log=plan.log("zygote"), pids=pids))
    wait = _Patience(plan, parts, time.monotonic() + START_WITHIN_S)
    wait.until("pubsub", partial(emulators.answers, plan, "pubsub"))
    for name in LISTENING:
        wait.until(name, partial(_listens, plan.url(name)))
    topics.create(plan)
    for name in plan.table.functions:
        wait.until(name, partial(_listens, plan.url(name) + NO_FUNCTION))
    wait.until("firestore", partial(emulators.answers, plan, "firestore"))


def _endpoints(plan: Plan, *, seeded: bool) -> Endpoints:
    bare = Endpoints(
        functions={name: plan.url(name) for name in plan.table.functions},
        gmail=plan.url("gmail"),
        issuer=plan.url("issuer"),
        return_to=plan.return_to,
        provider=plan.url("provider"),
        events=plan.url("events"),
        seed={},
        mx=plan.url("mx"),
    )
    try:
        return sow(bare) if seeded else bare
    except (RefusedError, urllib3.exceptions.HTTPError) as error:
        raise TroubleError(f"The demonstration could not be made (logs: {plan.run_dir / 'logs'}): {error}") from error


def _publish(plan: Plan, endpoints: Endpoints) -> None:
    path = plan.run_dir / "endpoints.json"
    written = path.with_suffix(".new")
    written.write_text(json.dumps(asdict(endpoints), indent=2) + "\n")
    written.replace(path)


@dataclass(frozen=True, slots=True)
class _Patience:
    """Waits for one part after the other, no longer than a start may take, and not for what has already ended."""

    plan: Plan
    parts: Sequence[Part]
    until_s: float

    def until(self, name: str, look: Callable[[], bool]) -> None:
        while not look():
            for part in self.parts:
                if part.ended:
                    raise TroubleError(f"The stack did not start. {_end_of(part)}")
            if time.monotonic() > self.until_s:
                raise TroubleError(f"{name} did not answer within {START_WITHIN_S:.0f} s: see {self.plan.log(name)}.")
            time.sleep(POLL_S)


def _end_of(part: Part) -> str:
    said = last_line(part.log)
    return said if part.name == "zygote" else f"{part.name} ended: {said} ({part.log})"


def _listens(url: str) -> bool:
    try:
        return call("GET", url).status < 600
    except urllib3.exceptions.HTTPError:
        return False
