"""One stack for all end-to-end tests, in a folder of its own beside whatever a developer runs."""

from collections.abc import Iterator

import pytest

from tests.e2e.driver import Endpoints, Office, new_office
from tests.sandbox.stack import Options, Stack, running


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack; its logs are kept until pytest clears its folders."""
    with running(Options(run_dir=tmp_path_factory.mktemp("stack"))) as started:
        yield started


@pytest.fixture
def endpoints(stack: Stack) -> Iterator[Endpoints]:
    """Where the stack listens; faults and disturbed pushes of the test are ended behind it."""
    yield stack.endpoints
    gmail = stack.endpoints.control()
    gmail.end_faults()
    gmail.end_pushes()


@pytest.fixture
def office(endpoints: Endpoints) -> Office:
    """A location of the test's own, its user connected."""
    return new_office(endpoints)
