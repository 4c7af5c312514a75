"""Google's emulators, started once for all suites, straight from their jars."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from shared.adapters.firestore.store import FirestoreStore
from shared.domain.keys import Collection
from shared.ports.store import Store
from tests.client.wire import until
from tests.contract.store_things import Thing
from tests.fakes.store import FakeStore
from tests.sandbox import emulators
from tests.sandbox.plan import REPOSITORY, Plan
from tests.sandbox.processes import Part, last_line, stop

ANONYMOUS = AnonymousCredentials()  # type: ignore[no-untyped-call]


@contextmanager
def _running(folder: Path, name: str) -> Iterator[str]:
    plan = Plan.make(root=REPOSITORY, run_dir=folder, port_base=None, changed={})
    for needed in ("logs", "pids"):
        (folder / needed).mkdir()
    part: Part = emulators.start_firestore(plan) if name == "firestore" else emulators.start_pubsub(plan)
    try:
        until(lambda: part.ended or emulators.answers(plan, name), within_s=60, what=f"the {name} emulator")
        assert not part.ended, last_line(part.log)
        yield plan.host(name)
    finally:
        stop([part])


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its host:port."""
    with _running(tmp_path_factory.mktemp("firestore"), "firestore") as host:
        yield host


@pytest.fixture(scope="session")
def pubsub_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its host:port."""
    with _running(tmp_path_factory.mktemp("pubsub"), "pubsub") as host:
        yield host


@pytest.fixture(scope="session")
def client(firestore_emulator: str) -> firestore.Client:
    options = {"api_endpoint": firestore_emulator}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
        return firestore.Client(project="demo", credentials=ANONYMOUS, client_options=options)


@pytest.fixture(params=["fake", "firestore"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "fake":
        return FakeStore(lambda: datetime.now(UTC))
    return FirestoreStore(request.getfixturevalue("client"))


@pytest.fixture
def things() -> Collection[Thing]:
    return Collection(f"places/{uuid.uuid4().hex}/things", Thing)
