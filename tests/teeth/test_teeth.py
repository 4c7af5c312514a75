"""The planted bugs themselves: each still has its place in the code, and changes it."""

import compileall
from pathlib import Path

import pytest

from tests.teeth.bug import Bug
from tests.teeth.bugs import BUGS
from tests.teeth.planting import REPOSITORY

NAMES = [bug.name for bug in BUGS]


@pytest.mark.parametrize("bug", BUGS, ids=NAMES)
def test_a_planted_bug_still_has_its_place_and_is_code(bug: Bug, tmp_path: Path) -> None:
    for at, change in enumerate(bug.changes):
        before = (REPOSITORY / change.file).read_text()
        after = change.made(before)
        assert after != before
        (tmp_path / f"{at}.py").write_text(after)
    assert compileall.compile_dir(tmp_path, quiet=2)


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 25
