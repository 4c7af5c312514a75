"""The rolling limit: what counts, for how long, and when the next send is possible (R54, I7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.domain import send_window
from shared.domain.addresses import Address
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Mailbox
from shared.domain.policy import Policy

NOW = datetime(2026, 3, 2, 9, 2, 30, tzinfo=UTC)
EMPTY = Mailbox(MailboxId("m"), "sub", Address("ann@gmail.com"))
DEFAULT = Policy()


def sent(count: int, at: datetime = NOW, mailbox: Mailbox = EMPTY) -> Mailbox:
    return send_window.reserved(mailbox, at, count=count)


@pytest.mark.parametrize(
    ("hosted_domain", "daily_limit", "limit"),
    [
        (None, None, 500),
        ("shop.example", None, 2_000),
        (None, 20, 20),
        (None, 1_000, 500),
        ("shop.example", 1_000, 1_000),
    ],
)
def test_r54_the_lower_of_googles_and_the_locations_limit_counts(
    hosted_domain: str | None, daily_limit: int | None, limit: int
) -> None:
    mailbox = replace(EMPTY, hosted_domain=hosted_domain)

    assert send_window.limit(mailbox, Policy(daily_limit=daily_limit)) == limit


@pytest.mark.parametrize(("used", "left"), [(0, 500), (499, 1), (500, 0), (501, 0)])
def test_f55_at_the_boundary(used: int, left: int) -> None:
    mailbox = sent(used)

    assert send_window.left(mailbox, DEFAULT, NOW) == left
    assert (send_window.next_at(mailbox, DEFAULT, NOW) is None) is (left > 0)


def test_r54_a_send_counts_until_it_is_certainly_24_hours_old() -> None:
    mailbox = sent(500)
    freed = datetime(2026, 3, 3, 9, 5, tzinfo=UTC)

    assert send_window.next_at(mailbox, DEFAULT, NOW) == freed
    assert send_window.left(mailbox, DEFAULT, freed - timedelta(microseconds=1)) == 0
    assert send_window.left(mailbox, DEFAULT, freed) == 500


def test_the_next_send_is_possible_when_enough_of_the_oldest_have_gone() -> None:
    mailbox = sent(3, NOW - timedelta(hours=2), sent(499, NOW - timedelta(hours=1)))

    assert send_window.next_at(mailbox, DEFAULT, NOW) == datetime(2026, 3, 3, 7, 5, tzinfo=UTC)
    assert send_window.next_at(mailbox, Policy(daily_limit=10), NOW) == datetime(2026, 3, 3, 8, 5, tzinfo=UTC)


def test_i7_a_failed_send_gives_its_unit_back_once() -> None:
    mailbox = send_window.returned(send_window.returned(sent(1), NOW), NOW)

    assert mailbox.sent == {}


def test_what_was_sent_before_connecting_counts_as_just_sent() -> None:
    assert send_window.used(send_window.seeded(sent(7), NOW, 40), NOW + timedelta(hours=24)) == 40
    assert send_window.seeded(sent(7), NOW, 0).sent == {}


def test_buckets_that_no_longer_count_are_dropped() -> None:
    mailbox = EMPTY
    for hours in range(0, 24 * 10, 3):
        mailbox = sent(1, NOW + timedelta(hours=hours), mailbox)

    assert len(mailbox.sent) <= 9


@given(some.lists(some.integers(0, 60 * 47), max_size=60), some.integers(1, 20))
def test_i7_never_more_than_the_limit_in_any_24_hours(minutes: list[int], limit: int) -> None:
    mailbox, policy = EMPTY, Policy(daily_limit=limit)
    accepted: list[datetime] = []
    for minute in sorted(minutes):
        at = NOW + timedelta(minutes=minute)
        if send_window.left(mailbox, policy, at):
            mailbox = sent(1, at, mailbox)
            accepted.append(at)
        else:
            following = send_window.next_at(mailbox, policy, at)
            assert following is not None
            assert following > at
            assert send_window.left(mailbox, policy, following) > 0
    for one in accepted:
        assert sum(one - timedelta(hours=24) < other <= one for other in accepted) <= limit
