"""Every rule of the book has a test that names it."""

from pathlib import Path

import pytest

from tests.rules.__main__ import main
from tests.rules.book import BOOK, ids, proofs, table


@pytest.mark.parametrize("rule", BOOK)
def test_a_rule_has_a_test_that_names_it(rule: str) -> None:
    assert proofs()[rule], BOOK[rule]


def test_no_test_names_a_rule_that_is_in_no_book() -> None:
    later = {"R71", "R72", "R74", "R75", "R76"}
    named = {rule for file in Path(__file__).parents[1].rglob("test_*.py") for rule in ids(_names(file))}
    assert not named - {*BOOK} - later


def _names(file: Path) -> str:
    return " ".join(line for line in file.read_text().splitlines() if line.lstrip().startswith("def test_"))


def test_the_ids_are_read_from_a_name_in_any_case_and_number() -> None:
    assert ids("test_R24_R31_both_count") == ["R24", "R31"]
    assert ids("test_r05_and_R05_once") == ["R05"]
    assert ids("test_f24_and_r2024_are_no_rules_and_R241_neither") == []


def test_a_rule_without_a_test_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_R01_only() -> None: ...\n\ndef helper_R02() -> None: ...\n")
    found = proofs(tmp_path)
    assert [rule for rule, tests in found.items() if tests] == ["R01"]
    lines = table(found)
    assert any(line.startswith("R01") and "1: one 1" in line for line in lines)
    assert any(line.startswith("R02") and line.endswith("NOTHING") for line in lines)
    assert all(len(line) <= 120 for line in lines)


def test_one_rule_is_shown_with_the_names_of_its_tests(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["r05"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("R05  ")
    assert "::test_R05_" in shown
    assert main(["R99"]) == 2
