"""What every measurement stands on: simulator and Firestore emulator in processes of their own, and their clients."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from shared.adapters.firestore.store import FirestoreStore
from shared.adapters.sealing.keyset import parsed
from shared.adapters.sealing.sealer import KeysetSealer
from tests.client.gmail import Gmail
from tests.client.wire import call, ok, until
from tests.sandbox import emulators
from tests.sandbox.plan import PROJECT, REPOSITORY, Plan
from tests.sandbox.processes import INHERITED, Part, last_line, start, stop
from tests.sandbox.settings import environment, write_secrets

WITHIN_S = 60.0
UNLIMITED_UNITS = 100_000_000
"""Quota units a minute that no measurement reaches."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The surroundings; `store` is the product's own adapter, `client` what is underneath it."""

    plan: Plan
    gmail: Gmail
    client: firestore.Client
    store: FirestoreStore
    sealer: KeysetSealer

    def settings(self, function: str, **changed: str) -> dict[str, str]:
        """The environment of a function's process: as in the local stack, but with the system's own clock."""
        own = {name: value for name in INHERITED if (value := os.environ.get(name)) is not None}
        given = {name: value for name, value in environment(self.plan, function).items() if name != "CLOCK_URL"}
        return own | given | changed

    def latency(self, milliseconds: float) -> None:
        """How long Gmail takes for each call."""
        ok(self.gmail.ask("POST", "behaviour", body={"latency_ms": milliseconds}), "latency")

    def push_token(self, function: str) -> str:
        """An OIDC token as Google adds it to the pushes of a function; good for an hour."""
        return str(ok(call("GET", f"{self.plan.url('relay')}/{function}"), "push token")["token"])

    def session(self, user: str, location: str) -> str:
        """A session of a CRM user."""
        body = {"sub": user, "locations": [location], "role": "user"}
        return str(ok(call("POST", f"{self.plan.url('issuer')}/tokens", body=body), "session")["token"])


@contextmanager
def ground() -> Iterator[Ground]:
    """The surroundings for as long as the block lasts; everything is gone afterwards."""
    emulators.check()
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-"))
    for name in ("logs", "pids", "blobs"):
        (folder / name).mkdir()
    changed = {"GMAIL_UNITS_PER_MINUTE": str(UNLIMITED_UNITS)}
    plan = Plan.make(root=REPOSITORY, run_dir=folder, port_base=None, changed=changed)
    write_secrets(plan)
    parts: list[Part] = []
    try:
        parts += [_start_google(plan), emulators.start_firestore(plan)]
        until(lambda: _up(plan, parts), within_s=WITHIN_S, what="simulator and Firestore emulator")
        yield _ground(plan)
    finally:
        stop(parts)
        shutil.rmtree(folder, ignore_errors=True)


def _start_google(plan: Plan) -> Part:
    command = [sys.executable, "-m", "tests.benchmarks.google_server", str(plan.write())]
    return start("google", command, log=plan.log("google"), pids=plan.run_dir / "pids")


def _up(plan: Plan, parts: list[Part]) -> bool:
    for part in parts:
        if part.ended:
            raise AssertionError(f"{part.name} ended: {last_line(part.log)}")
    try:
        return call("GET", plan.url("gmail")).status == 200 and emulators.answers(plan, "firestore")
    except urllib3.exceptions.HTTPError:
        return False


def _ground(plan: Plan) -> Ground:
    os.environ["FIRESTORE_EMULATOR_HOST"] = plan.host("firestore")
    client = firestore.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    gmail = Gmail(plan.url("gmail"))
    gmail.quota(units_per_minute=None, sends_per_day=None)
    keyset = (plan.run_dir / "secrets" / "keyset.json").read_text()
    return Ground(plan, gmail, client, FirestoreStore(client), KeysetSealer(parsed(keyset)))
