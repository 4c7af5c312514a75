"""Books of promises, and the tests that prove each one, found by the ids in their names."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import Final

TESTS: Final = Path(__file__).parent
_FIRST, _SECOND, _WIDTH = 7, 52, 120


@dataclass(frozen=True, slots=True)
class Proof:
    """A test, and the file that it is in."""

    file: str
    test: str

    @property
    def node(self) -> str:
        """What pytest calls it."""
        return f"{self.file}::{self.test}"


Found = Mapping[str, list[Proof]]


def _by_file(proof: Proof) -> str:
    return Path(proof.file).stem.removeprefix("test_")


@dataclass(frozen=True)
class Book:
    """Promises by ids of one letter and two digits; the other words are for its table.

    `sorted_by` names what a test is counted under in the table.
    """

    letter: str
    entries: Mapping[str, str]
    heading: tuple[str, str]
    sorted_by: Callable[[Proof], str] = _by_file

    def ids(self, name: str) -> list[str]:
        """The entries that a test's name says it proves, each once."""
        one = f"[{self.letter.lower()}{self.letter.upper()}]"
        found = re.findall(rf"(?<![A-Za-z0-9]){one}(\d\d)(?![A-Za-z0-9])", name.replace("_", " "))
        return list(dict.fromkeys(f"{self.letter}{number}" for number in found))

    def proofs(self, tests: Path = TESTS) -> dict[str, list[Proof]]:
        """The tests by entry, in the book's order; what nothing proves has none, ids of no book are not here."""
        found: dict[str, list[Proof]] = {entry: [] for entry in self.entries}
        for proof in _tests(tests):
            for entry in self.ids(proof.test):
                found.get(entry, []).append(proof)
        return found

    def table(self, found: Found) -> list[str]:
        """All entries with the number of their tests and where they are, in lines for a terminal."""
        lines = [_row(self.heading[0], [self.heading[1]], ["Proved by"])[0], "-" * _WIDTH]
        for entry, tests in found.items():
            where = ", ".join(f"{name} {count}" for name, count in Counter(map(self.sorted_by, tests)).items())
            said = f"{len(tests)}: {where}" if tests else "NOTHING"
            lines += _row(entry, wrap(self.entries[entry], _SECOND), wrap(said, _WIDTH - _FIRST - _SECOND - 2))
        return lines

    def chapter(self, entry: str, tests: list[Proof]) -> list[str]:
        """One entry with the full names of its tests."""
        return [f"{entry}  {self.entries[entry]}", *(f"  {one.node}" for one in tests)]

    def unknown(self, asked: list[str]) -> str:
        """What to say to somebody who asks for an entry that there is not; nothing if all are there."""
        missing = [one for one in asked if one not in self.entries]
        kind = self.heading[0].lower()
        return f"There is no {kind} {missing[0]}. The {kind}s are {', '.join(self.entries)}." if missing else ""


@cache
def _tests(folder: Path) -> tuple[Proof, ...]:
    found: list[Proof] = []
    for file in sorted(folder.rglob("test_*.py")):
        shown = str(file.relative_to(folder.parent))
        made = (node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef))
        found += [Proof(shown, name) for name in made if name.startswith("test_")]
    return tuple(found)


def _row(entry: str, said: list[str], proved: list[str]) -> list[str]:
    height = max(len(said), len(proved))
    columns = zip([entry, *[""] * (height - 1)], _filled(said, height), _filled(proved, height), strict=True)
    return [f"{one:{_FIRST}}{two:{_SECOND}}  {three}".rstrip() for one, two, three in columns]


def _filled(lines: list[str], height: int) -> list[str]:
    return lines + [""] * (height - len(lines))
