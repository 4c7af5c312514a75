"""Every fault of the book has tests that name it, and the table tells what came of them."""

from pathlib import Path

import pytest

from tests.faults.book import BOOK, FAULTS, where
from tests.faults.table import QUICK, Verdicts, executed, of_places, show
from tests.proofs import Proof


@pytest.mark.parametrize("fault", BOOK)
def test_a_fault_has_a_test_that_names_it(fault: str) -> None:
    assert FAULTS.proofs()[fault], BOOK[fault]


@pytest.mark.parametrize("fault", BOOK)
def test_a_fault_has_a_test_that_needs_nothing_but_memory(fault: str) -> None:
    assert of_places(FAULTS.proofs(), {QUICK})[fault], BOOK[fault]


def test_the_book_has_every_fault_from_the_first_to_the_last() -> None:
    assert list(BOOK) == [f"F{number:02}" for number in range(1, 66)]


def test_no_test_names_a_fault_that_is_in_no_book() -> None:
    names = (name for file in Path(__file__).parents[1].rglob("test_*.py") for name in _tests(file))
    assert {fault for name in names for fault in FAULTS.ids(name)} <= {*BOOK}


def _tests(file: Path) -> list[str]:
    lines = (line.lstrip() for line in file.read_text().splitlines())
    return [line.partition("(")[0] for line in lines if line.startswith("def test_")]


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("tests/unit/usecases/test_a.py", "in memory"),
        ("tests/contract/test_a.py", "emulators"),
        ("tests/e2e/test_a.py", "processes"),
    ],
)
def test_it_is_told_where_a_test_runs(file: str, place: str) -> None:
    assert where(Proof(file, "test_f01")) == place


def test_one_fault_is_shown_with_the_names_of_its_tests(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(["f09"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("F09  ")
    assert "::test_F09_" in shown
    assert show(["F66"]) == 2


def test_only_a_fault_whose_tests_all_ran_and_passed_was_survived(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_F01_good(): ...\n"
        "@pytest.mark.parametrize('n', [0, 1])\ndef test_F02_half(n): assert n\n"
        "@pytest.fixture\ndef broken(): raise ValueError\n"
        "def test_F03_never_ran(broken): ...\n"
        "def test_F04_skipped(): pytest.skip()\n"
    )
    names = ["test_F01_good", "test_F02_half", "test_F03_never_ran", "test_F04_skipped", "test_F05_is_not_there"]
    tests = [Proof(str(tmp_path / "test_some.py"), name) for name in names]
    verdicts = Verdicts()
    pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), tests[0].file], plugins=[verdicts])
    by_name = {node.rpartition("::")[2]: cases for node, cases in verdicts.ended.items()}
    verdicts.ended = {test.node: by_name.get(test.test, []) for test in tests}
    assert [verdicts.survived([test]) for test in tests] == [True, False, False, False, False]
    assert not verdicts.survived([])
    assert len(verdicts.trouble) == 3
    assert executed({}).ended == {}
