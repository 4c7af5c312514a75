"""The figures as rows: value beside target, the table that is printed, and the arithmetic of rounds."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import assert_never

HEADINGS = ("id", "figure", "value", "unit", "target", "stretch", "met?")


class Aim(StrEnum):
    """Which way a figure is good: at most or at least its target."""

    LOW = "at most"
    HIGH = "at least"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. Without a target it only explains another; `rounds` are the values that `value` is the median of."""

    id: str
    figure: str
    value: float
    unit: str = ""
    target: float | None = None
    stretch: float | None = None
    aim: Aim = Aim.LOW
    rounds: tuple[float, ...] = ()

    @property
    def met(self) -> str:
        """`stretch`, `yes`, `no`, or nothing where there is no target."""
        if self.target is None:
            return ""
        if self.stretch is not None and self._reaches(self.stretch):
            return "stretch"
        return "yes" if self._reaches(self.target) else "no"

    def _reaches(self, mark: float) -> bool:
        match self.aim:
            case Aim.LOW:
                return self.value <= mark
            case Aim.HIGH:
                return self.value >= mark
            case _:
                assert_never(self.aim)


def of_rounds(id: str, figure: str, rounds: Sequence[float], **more: object) -> Row:  # noqa: A002 - the row's own word
    """A row whose value is the median of the rounds; at least one is needed."""
    return Row(id, figure, statistics.median(rounds), rounds=tuple(rounds), **more)  # type: ignore[arg-type]


def ratios(of: Sequence[float], to: Sequence[float]) -> list[float]:
    """The quotient of each round, whose two values were taken one right after the other."""
    return [one / other for one, other in zip(of, to, strict=True)]


def plain(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows for a JSON file."""
    return [{**asdict(row), "met": row.met} for row in rows]


def table(rows: Sequence[Row]) -> str:
    """The rows in columns."""
    lines = [HEADINGS, *((*_cells(row), row.met) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADINGS))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if at == 2 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    sign = {Aim.LOW: "<= ", Aim.HIGH: ">= "}[row.aim]
    marks = [f"{sign}{_number(mark)}" if mark is not None else "" for mark in (row.target, row.stretch)]
    return row.id, row.figure, _number(row.value), row.unit, marks[0], marks[1]


def _number(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return f"{value:.4g}" if abs(value) < 1_000 else f"{value:.0f}"
