"""Sizes, names, first sentences, and one table that code, laptop and cloud agree on."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared import config
from tests.unit.shape.settings import ROOT, asked_by

FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))
SHIPPED = sorted([*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/**/*.py")])
WRITTEN = sorted([*SHIPPED, *ROOT.glob("tests/**/*.py")])
VAGUE = frozenset(
    {"common", "data", "handler", "helper", "helpers", "info", "manager", "misc", "processor", "service"}
    | {"services", "stuff", "util", "utils"}
)
PROPER_NAMES = frozenset({"secret_manager"})
TABLE: dict[str, Any] = json.loads((ROOT / "infra" / "functions.json").read_text())


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def words(name: str) -> set[str]:
    """The words of a name in any spelling."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_main_is_a_translation_of_at_most_40_lines(name: str) -> None:
    assert len((ROOT / "functions" / name / "main.py").read_text().splitlines()) <= 40


def test_every_function_is_in_the_table_and_everything_in_the_table_is_a_function() -> None:
    assert sorted(TABLE["functions"]) == FUNCTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_entry_point_is_a_function_of_its_main(name: str) -> None:
    tree = ast.parse((ROOT / "functions" / name / "main.py").read_text())
    defined = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert TABLE["functions"][name]["entry_point"] in defined


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_folder_holds_only_what_its_archive_takes_along(name: str) -> None:
    files = {path.name for path in (ROOT / "functions" / name).iterdir() if path.suffix == ".py"}
    assert files <= {"__init__.py", "main.py"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_every_setting_that_it_asks_for(name: str) -> None:
    row = TABLE["functions"][name]
    assert asked_by(name).always <= {*row["environment"], *row["secrets"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_no_setting_that_it_never_asks_for(name: str) -> None:
    row, asked = TABLE["functions"][name], asked_by(name)
    assert {*row["environment"], *row["secrets"]} <= asked.always | asked.maybe


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_setting_has_its_meaning_in_the_table(name: str) -> None:
    row, asked = TABLE["functions"][name], asked_by(name)
    assert asked.always | asked.maybe | set(row["environment"]) <= {*TABLE["environment"], *TABLE["secrets"]}
    assert set(row["secrets"]) <= set(TABLE["secrets"])


def test_every_meaning_in_the_table_is_of_something_that_is_used() -> None:
    rows = TABLE["functions"].values()
    used = {name for row in rows for name in (*row["environment"], *row["secrets"])}
    assert used == {*TABLE["environment"], *TABLE["secrets"]}
    assert set(config.DEFAULTS) <= used


def test_topics_are_those_of_the_table() -> None:
    pushed = {topic for row in TABLE["functions"].values() for topic in row["trigger"].get("topics", [])}
    assert pushed <= set(TABLE["topics"])
    assert {topic["setting"] for topic in TABLE["topics"].values()} <= set(TABLE["environment"])


@pytest.mark.parametrize("path", [path for path in WRITTEN if not path.name.startswith("test_")], ids=relative)
def test_a_file_fits_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 250


@pytest.mark.parametrize("path", WRITTEN, ids=relative)
def test_a_module_begins_with_one_sentence(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0]
    assert re.fullmatch(r"\S.*[.:?!]", first, re.DOTALL)


@pytest.mark.parametrize("path", SHIPPED, ids=relative)
def test_nothing_has_a_vague_name(path: Path) -> None:
    defined = [
        one.name
        for one in ast.walk(ast.parse(path.read_text()))
        if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    places = [part for part in path.relative_to(ROOT).with_suffix("").parts if part != "__init__"]
    assert not [name for name in (*defined, *places) if words(name) & VAGUE and name not in PROPER_NAMES]


@pytest.mark.parametrize("path", SHIPPED, ids=relative)
def test_nothing_that_ships_knows_the_tests(path: Path) -> None:
    imports = [one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Import | ast.ImportFrom)]
    named = [alias.name for one in imports for alias in one.names if isinstance(one, ast.Import)]
    named += [one.module or "" for one in imports if isinstance(one, ast.ImportFrom)]
    assert not [name for name in named if name.partition(".")[0] == "tests"]
