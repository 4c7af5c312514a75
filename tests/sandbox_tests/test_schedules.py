"""Which minutes a cron line names."""

from datetime import UTC, datetime

import pytest

from tests.sandbox.schedules import is_due

SATURDAY = datetime(2026, 11, 21, 22, 17, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "at", "due"),
    [
        ("* * * * *", SATURDAY, True),
        ("17 * * * *", SATURDAY, True),
        ("18 * * * *", SATURDAY, False),
        ("*/5 * * * *", SATURDAY, False),
        ("2/5 * * * *", SATURDAY, True),
        ("0,15-20 22 * * *", SATURDAY, True),
        ("* * 22 * *", SATURDAY, False),
        ("* * * 11 6", SATURDAY, True),
        ("0 0 * * 0", SUNDAY, True),
        ("0 0 * * 1-5", SUNDAY, False),
    ],
)
def test_a_cron_line_names_its_minutes(cron: str, at: datetime, *, due: bool) -> None:
    assert is_due(cron, at) is due
