"""A stack of its own for what breaks stacks: its functions see store, Gmail and Pub/Sub through proxies."""

from collections.abc import Iterator

import pytest

from tests.e2e.driver import Endpoints, new_office
from tests.e2e.faults.watched import Watched, watched
from tests.sandbox.fronts import Fronts
from tests.sandbox.stack import Options, Stack, running


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack with fronts; its logs are kept until pytest clears its folders."""
    with running(Options(run_dir=tmp_path_factory.mktemp("struck"), seeded=False, fronted=True)) as started:
        yield started


@pytest.fixture
def fronts(stack: Stack) -> Fronts:
    """What the test may break; mended behind it (`endpoints`)."""
    assert stack.fronts
    return stack.fronts


@pytest.fixture
def endpoints(stack: Stack, fronts: Fronts) -> Iterator[Endpoints]:
    """Where the stack listens; whatever the test broke is mended behind it."""
    yield stack.endpoints
    fronts.mend()
    gmail = stack.endpoints.control()
    gmail.end_faults()
    gmail.end_pushes()


@pytest.fixture
def office(endpoints: Endpoints, stack: Stack) -> Watched:
    """A location of the test's own, its user connected, and everything behind it in view."""
    watch = watched(new_office(endpoints), stack)
    watch.at_rest()
    return watch
