"""A mailbox's own steps: since when it has been behind what Gmail announced, whatever happens in whatever order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.addresses import Address
from shared.domain.connection import Connection, ConnectionState, Identity
from shared.domain.identifiers import LocationId, MailboxId, UserId
from shared.domain.linking import Account, attached, detached
from shared.domain.mailbox import (
    LAG_CHECKS,
    Grant,
    Link,
    Mailbox,
    Tally,
    Trouble,
    advanced,
    announced,
    claimed,
    condemned,
    paused,
    released,
)
from shared.domain.mailbox_state import Activity, MailboxState, activities, state_of
from shared.domain.waking import caught_up, done, handed_over
from shared.errors import Remedy

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
HERE, ADA = LocationId("here"), UserId("ada")
BOX = MailboxId("box")
MAILBOX = Mailbox(
    BOX, "sub", Address("ada@agency.example"), grant=Grant("sealed", 1), granted=1, links={HERE: Link(ADA, START, 1)},
    cursor=100,
)  # fmt: skip


def attach(mailbox: Mailbox, at: datetime, history_id: int) -> Mailbox:
    account = Account(BOX, Identity("sub", mailbox.address), mailbox.address, "Ada", (), history_id, 0, at)
    connection = Connection(ADA, BOX, mailbox.address, ConnectionState.CONNECTED, at)
    return attached(mailbox, account, connection, HERE, grant=Grant("sealed", mailbox.granted + 1))


STEPS: dict[str, Callable[[Mailbox, datetime, int], Mailbox]] = {
    "announced": lambda one, at, number: announced(one, number, at=at),
    "claimed": lambda one, at, number: claimed(one, holder="w", history_id=number, at=at),
    "advanced": lambda one, _at, number: advanced(one, number),
    "released": lambda one, at, _: released(one, at=at),
    "paused": lambda one, at, _: paused(one, at=at, until=None, reason="gmail: 500"),
    "caught_up": lambda one, at, _: caught_up(one, at),
    "done": lambda one, at, _: done(one, at),
    "handed_over": lambda one, at, _: handed_over(one, at),
    "condemned": lambda one, at, _: condemned(
        one, grant_version=one.granted, trouble=Trouble(Remedy.RECONNECT, "x", at)
    ),
    "attached": attach,
    "detached": lambda one, _at, _: detached(one, HERE),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(90, 130)), max_size=30))
def test_a_mailbox_is_behind_since_a_time_exactly_while_an_announced_id_is_ahead_of_its_cursor(
    steps: list[tuple[str, int]],
) -> None:
    mailbox, at, since = MAILBOX, START, None
    for name, number in steps:
        at += timedelta(minutes=1)
        if not mailbox.usable and name != "attached":
            continue
        before = mailbox
        mailbox = STEPS[name](mailbox, at, number)
        behind = mailbox.usable and mailbox.pending > mailbox.cursor
        since = (since or at) if behind else None
        assert mailbox.unhandled_since == since, (name, before)
        assert mailbox.cursor >= before.cursor


def test_a_second_announcement_is_no_younger_than_the_first() -> None:
    first = announced(MAILBOX, 105, at=START)
    assert announced(first, 110, at=START + timedelta(hours=1)).unhandled_since == START
    assert advanced(first, 104).unhandled_since == START
    assert advanced(first, 105).unhandled_since is None


def test_what_gmail_never_shows_is_given_up_after_some_looks() -> None:
    mailbox = announced(MAILBOX, 105, at=START)
    for _ in range(LAG_CHECKS):
        mailbox = caught_up(mailbox, START)
        assert mailbox.unhandled_since == START
    assert caught_up(mailbox, START).unhandled_since is None


def test_coverage_counts_what_an_operator_dropped_as_settled() -> None:
    tally = Tally(stored=6, left_out=1, gone=1, parked=1, dropped=1)
    assert (tally.seen, tally.coverage, tally.unread) == (10, 90, 2)
    assert (Tally().coverage, Tally(parked=3).coverage) == (None, 0)


def test_how_a_mailbox_stands() -> None:
    late = START + timedelta(hours=1)
    trouble = Trouble(Remedy.ADMINISTRATOR, "domainPolicy", START)
    assert state_of(MAILBOX) is MailboxState.CONNECTED
    assert state_of(condemned(MAILBOX, grant_version=1, trouble=trouble)) is MailboxState.BLOCKED
    assert state_of(detached(MAILBOX, HERE)) is MailboxState.DISCONNECTED
    held = claimed(MAILBOX, holder="w", history_id=105, at=START)
    assert activities(held, START) == (Activity.LEASED, Activity.UNHANDLED)
    assert activities(held, late) == (Activity.OVERDUE, Activity.UNHANDLED)
    waits = paused(MAILBOX, at=START, until=late, reason="gmail: rate limit")
    assert activities(waits, START) == (Activity.PAUSED,)
    assert activities(detached(held, HERE), late) == ()
