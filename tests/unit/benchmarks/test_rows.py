"""The arithmetic of the benchmarks, and the table that they print."""

import json

import pytest

from tests.benchmarks.rows import Aim, Row, of_rounds, plain, ratios, table


def test_a_row_of_rounds_is_worth_their_median() -> None:
    row = of_rounds("P1", "cpu", [9.0, 1.0, 2.0], unit="x")

    assert (row.value, row.rounds, row.unit) == (2.0, (9.0, 1.0, 2.0), "x")


def test_without_rounds_there_is_no_row() -> None:
    with pytest.raises(ValueError, match="median"):
        of_rounds("P1", "cpu", [])


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([4.0, 9.0], [2.0, 3.0]) == [2.0, 3.0]


def test_ratios_want_as_many_values_on_both_sides() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("value", "met"), [(5.0, "stretch"), (5.1, "yes"), (8.0, "yes"), (8.1, "no")], ids=["5.0", "5.1", "8.0", "8.1"]
)
def test_a_low_figure_is_good_up_to_its_mark(value: float, met: str) -> None:
    assert Row("P1", "cpu", value, target=8, stretch=5).met == met


@pytest.mark.parametrize(
    ("value", "met"), [(0.95, "stretch"), (0.9, "yes"), (0.8, "yes"), (0.79, "no")], ids=["0.95", "0.9", "0.8", "0.79"]
)
def test_a_high_figure_is_good_from_its_mark_on(value: float, met: str) -> None:
    assert Row("P3", "rate", value, target=0.8, stretch=0.95, aim=Aim.HIGH).met == met


def test_a_target_without_stretch_is_met_or_not() -> None:
    assert [Row("P11", "gets", value, target=1).met for value in (1, 2)] == ["yes", "no"]


def test_a_row_without_target_says_nothing_about_it() -> None:
    assert Row("P1", "milliseconds", 3.0).met == ""


def test_the_table_aligns_its_columns() -> None:
    printed = table([Row("P4", "units", 20.0333, "units", 20.1), Row("P11", "gets", 2, "gets", 1)]).splitlines()

    assert printed[0].split() == ["id", "figure", "value", "unit", "target", "stretch", "met?"]
    assert printed[1].split() == ["P4", "units", "20.03", "units", "<=", "20.1", "yes"]
    assert printed[2].split() == ["P11", "gets", "2", "gets", "<=", "1", "no"]
    assert printed[1].index("units", 4) == printed[2].index("gets")


def test_the_json_has_every_field_and_whether_it_is_met() -> None:
    row = Row("P3", "rate", 0.5, "x", 0.8, 0.95, Aim.HIGH, (0.4, 0.6))

    assert json.loads(json.dumps(plain([row]))) == [
        {
            "id": "P3",
            "figure": "rate",
            "value": 0.5,
            "unit": "x",
            "target": 0.8,
            "stretch": 0.95,
            "aim": "at least",
            "rounds": [0.4, 0.6],
            "met": "no",
        }
    ]
