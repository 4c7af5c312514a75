"""A stack of toy functions for all tests of this folder that do not need one of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.stack import Options, Stack, running
from tests.sandbox_tests.toy import plant


@pytest.fixture(scope="package")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of the toy functions."""
    return plant(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="package")
def stack(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The toy functions on a running stack, without the demonstration."""
    with running(Options(run_dir=tmp_path_factory.mktemp("run"), root=toy, seeded=False)) as started:
        yield started
