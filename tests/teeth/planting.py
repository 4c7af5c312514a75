"""A scratch copy of the project with one bug in it, and which of its tests fails there."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.teeth.bug import Bug

REPOSITORY = Path(__file__).parents[2]
COPIED = ("functions", "shared", "infra", "tests", "pyproject.toml")
SUITE = ("tests/faults", "tests/unit", "tests/rules")
"""What is to catch a bug: everything that needs no other process."""
LONGEST_S = 900
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Catch:
    """What became of one bug: the first test that failed, or none."""

    bug: Bug
    test: str | None
    seconds: float
    told: str = ""


@contextmanager
def planted(*bugs: Bug) -> Iterator[Path]:
    """A copy of the project with the bugs in it. Raises `ValueError` where one has no place any more."""
    with tempfile.TemporaryDirectory(prefix="teeth-") as folder:
        root = Path(folder)
        for name in COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, root / name)
        for change in (change for bug in bugs for change in bug.changes):
            path = root / change.file
            path.write_text(change.made(path.read_text()))
        yield root


def caught(bug: Bug, suite: Sequence[str] = SUITE) -> Catch:
    """Runs the suite on the copy until the first test fails, which is to pass without the bug."""
    began = time.perf_counter()
    with planted(bug) as root:
        failed, told = _first_failure(root, suite)
    if failed:
        with planted() as root:
            alone, _ = _first_failure(root, [failed])
        failed, told = (None, f"{failed} fails without the bug, too") if alone else (failed, told)
    return Catch(bug, failed, time.perf_counter() - began, told)


def _first_failure(root: Path, tests: Sequence[str]) -> tuple[str | None, str]:
    """The test that fails first in a copy, if any does, and the end of what pytest said."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
    settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}
    try:
        ran = subprocess.run(
            command, cwd=root, env=settings, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None, "the suite never ended"
    if ran.returncode == 0:
        return None, "every test passes"
    found = _FAILED.search(ran.stdout)
    return found[1] if found else None, ran.stdout[-2000:] + ran.stderr[-2000:]
