"""Gmail's quota of a mailbox is kept in every minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain import budget

START = datetime(2026, 1, 1, 12, 0, 3, tzinfo=UTC)


def test_nothing_waits_while_there_is_room() -> None:
    assert budget.wait({}, START, 1_000, 6_000) == timedelta()


def test_what_does_not_fit_waits_until_the_oldest_spending_is_a_minute_old() -> None:
    units = budget.spending({}, START, 6_000)
    waited = budget.wait(units, START, 20, 6_000)
    assert timedelta(seconds=60) <= waited <= timedelta(seconds=61)
    assert budget.wait(units, START + waited, 20, 6_000) == timedelta()


def test_what_could_never_fit_goes_alone() -> None:
    assert budget.wait({}, START, 7_000, 6_000) == timedelta()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), min_size=1, max_size=80))
def test_no_minute_has_more_than_the_limit(steps: list[tuple[int, int]]) -> None:
    limit, now = 100, START
    units: dict[str, int] = {}
    log: list[tuple[datetime, int]] = []
    for seconds, more in steps:
        now += timedelta(seconds=seconds)
        while wait := budget.wait(units, now, more, limit):
            now += wait
        units = budget.spending(units, now, more)
        log.append((now, more))
    for at, _ in log:
        assert sum(one for when, one in log if at <= when < at + timedelta(seconds=60)) <= limit


def test_what_fits_is_what_does_not_have_to_wait() -> None:
    units = budget.spending({}, START, 5_930)
    assert budget.fitting(units, START, 20, 6_000) == 3
    assert budget.wait(units, START, 60, 6_000) == timedelta()
    assert budget.wait(units, START, 80, 6_000) > timedelta()
