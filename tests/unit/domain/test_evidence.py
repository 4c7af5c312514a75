"""What may be concluded of a send in doubt: each condition of the proof by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.addresses import Address
from shared.domain.evidence import GIVE_UP_AFTER, Verdict, judged
from shared.domain.identifiers import LocationId, MailboxId, MessageId, UserId
from shared.domain.mailbox import CatchUp, Mailbox, Tally
from shared.domain.outbox import EntryState, OutboxEntry

CALLED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENDED = CALLED + timedelta(seconds=40)
SEEN = ENDED + timedelta(minutes=10)
BOX = MailboxId("m")
ENTRY = OutboxEntry(
    MessageId("e"),
    LocationId("here"),
    UserId("ada"),
    BOX,
    "digest",
    CALLED,
    state=EntryState.CALLING,
    called_at=CALLED,
    call_ended_at=ENDED,
    gone_before=3,
    seen_history=500,
    seen_at=SEEN,
)
MAILBOX = Mailbox(BOX, "sub", Address("ada@agency.example"), cursor=500, tally=Tally(stored=9, gone=3))


def verdict(
    entry: OutboxEntry = ENTRY,
    mailbox: Mailbox = MAILBOX,
    *,
    survives: bool = True,
    parked: int = 0,
    at: datetime = SEEN,
) -> Verdict:
    return judged(entry, mailbox, marker_survives=survives, parked=parked, at=at)


def test_r55_with_everything_covered_and_nothing_hidden_absence_is_proof() -> None:
    assert verdict() is Verdict.ABSENT


@pytest.mark.parametrize(
    ("entry", "mailbox", "survives", "parked"),
    [
        (ENTRY, MAILBOX, False, 0),
        (replace(ENTRY, call_ended_at=None), MAILBOX, True, 0),
        (ENTRY, replace(MAILBOX, cursor=499), True, 0),
        (ENTRY, replace(MAILBOX, catch_up=CatchUp(CALLED, 600)), True, 0),
        (ENTRY, replace(MAILBOX, tally=Tally(gone=4)), True, 0),
        (ENTRY, MAILBOX, True, 1),
    ],
    ids=["marker never read back", "nobody saw the end", "not covered", "catching up", "something gone", "parked"],
)
def test_r55_without_any_one_of_its_conditions_nothing_is_proved_and_the_user_decides(
    entry: OutboxEntry, mailbox: Mailbox, survives: bool, parked: int
) -> None:
    assert verdict(entry, mailbox, survives=survives, parked=parked) is Verdict.WAIT
    late = SEEN + GIVE_UP_AFTER
    assert verdict(entry, mailbox, survives=survives, parked=parked, at=late) is Verdict.UNKNOWN


def test_r55_what_is_parked_is_what_the_store_says_whatever_the_tally_came_to() -> None:
    assert verdict(mailbox=replace(MAILBOX, tally=Tally(gone=3, parked=1))) is Verdict.ABSENT


def test_the_point_to_be_covered_is_taken_ten_minutes_after_the_end_and_not_before() -> None:
    entry = replace(ENTRY, seen_at=None, seen_history=0)

    assert verdict(entry, at=ENDED + timedelta(minutes=10, seconds=-1)) is Verdict.WAIT
    assert verdict(entry, at=ENDED + timedelta(minutes=10)) is Verdict.MARK_POINT


def test_a_call_whose_end_nobody_saw_may_have_lasted_to_its_deadline() -> None:
    entry = replace(ENTRY, call_ended_at=None, seen_at=None)

    assert verdict(entry, at=CALLED + timedelta(minutes=12)) is Verdict.WAIT
    assert verdict(entry, at=CALLED + timedelta(minutes=12, seconds=30)) is Verdict.MARK_POINT
