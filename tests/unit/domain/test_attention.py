"""What needs somebody, and what mends itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.attention import age, attention, many
from shared.domain.mailbox import Tally
from shared.domain.overview import (
    Coverage,
    Mailboxes,
    Oldest,
    Outgoing,
    Overview,
    ParkedWork,
    Paused,
    Reason,
    Waiting,
    Watches,
)

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
WELL = Overview(
    AT, Mailboxes(connected=3), Watches(), ParkedWork(), Outgoing(), Waiting(), Coverage(Tally(stored=1), 1, 100.0)
)


def since(**ago: float) -> Waiting:
    return Waiting(2, Oldest("the-id", AT - timedelta(**ago)))


def mailboxes(**changed: object) -> Overview:
    return replace(WELL, mailboxes=replace(WELL.mailboxes, **changed))  # type: ignore[arg-type]


def paused(reason: str) -> Overview:
    return mailboxes(paused=Paused(1, (Reason(reason, 1),)))


def watches(left: timedelta | None, lapsed: int = 0) -> Overview:
    return replace(WELL, watches=Watches(1, lapsed, "the-id", AT + left if left is not None else None))


NEEDED = [
    (mailboxes(overdue=since(minutes=6)), "mailboxes_overdue"),
    (mailboxes(unhandled=since(minutes=10)), "notification_unhandled"),
    (watches(timedelta(hours=24)), "watches_lapse"),
    (watches(-timedelta(hours=1), lapsed=1), "watches_lapse"),
    (watches(None, lapsed=1), "watches_lapse"),
    (paused("deployment: Gmail may not publish to the topic"), "pause_unexpected"),
    (paused("KeyError"), "pause_unexpected"),
    (replace(WELL, sends=Outgoing(overdue=since(minutes=6))), "sends_overdue"),
    (replace(WELL, sends=Outgoing(in_doubt=since(hours=1))), "sends_in_doubt"),
    (replace(WELL, sends=Outgoing(unknown=since(hours=0))), "sends_unknown"),
    (replace(WELL, parked=ParkedWork(3, stuck=1)), "mail_parked"),
    (mailboxes(reauth_required=1), "reauth_required"),
    (mailboxes(blocked=1), "blocked"),
    (replace(WELL, endings=since(hours=3)), "endings_unfinished"),
]

MENDING = [
    WELL,
    mailboxes(disconnected=5, leased=1, catching_up=2, relisting=1),
    mailboxes(unhandled=since(minutes=9)),
    watches(timedelta(hours=25)),
    *map(paused, ("gmail: rate limit", "gmail: 503", "token endpoint: 500", "store: ServerError", "PageExpired")),
    replace(WELL, sends=Outgoing(queued=9, claimed=1, calling=2, in_doubt=since(minutes=59))),
    replace(WELL, parked=ParkedWork(3, stuck=0, reasons=(Reason("gmail: 500", 3),))),
    replace(WELL, endings=since(hours=2)),
]


@pytest.mark.parametrize(("overview", "code"), NEEDED)
def test_what_does_not_mend_itself_is_named_with_what_to_do(overview: Overview, code: str) -> None:
    (need,) = attention(overview)
    assert need.code == code
    assert need.message.endswith(".")
    assert need.action.endswith(".")


@pytest.mark.parametrize("overview", MENDING)
def test_what_mends_itself_needs_nobody(overview: Overview) -> None:
    assert attention(overview) == ()


def test_the_oldest_is_named_by_its_id_and_age() -> None:
    (need,) = attention(mailboxes(overdue=since(hours=3)))
    assert need.message == "2 mailboxes due, and not looked at, the oldest for 3 h (the-id)."


def test_everything_together_is_told_each_once_mail_that_does_not_flow_first() -> None:
    worst = replace(
        WELL,
        mailboxes=Mailboxes(reauth_required=1, blocked=1, overdue=since(hours=1), unhandled=since(hours=1)),
        parked=ParkedWork(1, 1),
        sends=Outgoing(unknown=since(hours=1)),
    )
    told = [need.code for need in attention(worst)]
    assert told == [
        "mailboxes_overdue", "notification_unhandled", "sends_unknown", "mail_parked", "reauth_required", "blocked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("past", "told"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_ages_are_told_in_a_unit_that_suits_them(past: timedelta, told: str) -> None:
    assert age(past) == told


def test_numbers_of_things_are_told_as_people_say_them() -> None:
    assert (many(1, "mailbox"), many(2, "mailbox"), many(0, "send")) == ("1 mailbox", "2 mailboxes", "0 sends")
