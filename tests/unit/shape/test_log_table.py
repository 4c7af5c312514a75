"""The table of log lines is what the code writes: alerts are built on it."""

import ast
import re
from collections.abc import Iterator

from tests.unit.shape.settings import ROOT

SHIPPED = sorted([*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/**/*.py")])
WRITES = {"record": (0, 1), "_write": (0, 1), "failure": (None, 0)}
"""Where severity and message stand among the arguments; a failure is always an error."""


def written() -> Iterator[tuple[str, str]]:
    """Each message that the code can write, with its severity."""
    for path in SHIPPED:
        for one in ast.walk(ast.parse(path.read_text())):
            if isinstance(one, ast.Call) and (places := WRITES.get(_called(one.func))):
                severity, message = (_text(one.args[at]) if at is not None else "ERROR" for at in places)
                if message:
                    yield message, severity or "as the library has it"


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "log":
        return function.attr
    return function.id if isinstance(function, ast.Name) and function.id == "_write" else ""


def _text(argument: ast.expr) -> str:
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""


def described() -> Iterator[tuple[str, str]]:
    """Each message of the table, with its severity."""
    section = (ROOT / "functions" / "README.md").read_text().partition("\n## Logs\n")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (`[a-z][^|]*) \| ((?!severity)[^|]*) \| [^|]* \|[^|]*\|$", section, re.MULTILINE):
        yield from ((message, row[1]) for message in re.findall(r"`([^`]*)`", row[0]))


def test_every_line_that_is_written_is_in_the_table_and_none_else() -> None:
    assert set(written()) == set(described())


def test_the_table_is_read_at_all() -> None:
    assert len(set(described())) > 15
