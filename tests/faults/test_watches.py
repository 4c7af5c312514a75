"""Watches that lapsed for days, and renewals that die, hang or fail."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.linking import NO_WATCH
from shared.errors import Transient
from shared.ports.store import Put
from shared.usecases.renew_watches import BUDGET, Renewed, renew_watches
from tests.rules.letters import Letter
from tests.rules.premises import Premises
from tests.unit.usecases.office import ANN, ANNS, HERE, TOPIC, Office, id_of

CARL = "carl@customer.example"


def run(office: Office) -> Renewed:
    return renew_watches(
        store=office.store,
        mailboxes=office.mailboxes,
        topics=office.topics,
        gmail_topic=TOPIC,
        patience=office.patience,
    )


@pytest.mark.parametrize("forgotten", [False, True], ids=["history there", "history forgotten"])
@pytest.mark.parametrize("days", [1, 8])
def test_f32_after_a_lapsed_watch_the_history_is_tried_and_else_the_gap_is_listed(
    days: int, *, forgotten: bool
) -> None:
    """Nothing is pushed, and the timer does not run either: the renewal alone finds out."""
    office = Premises()
    office.contact("carl", CARL)
    office.sync()
    office.clock.advance(days=7)
    office.post(Letter("gap", CARL, (ANNS,), subject="In the gap"), sync=False)
    office.clock.advance(days=days)
    if forgotten:
        office.gmail.forget_history()
    done = run(office)
    assert done.renewed == 1
    assert done.overdue == [id_of(ANNS)], "whoever was without a watch for more than a day is named"
    searched = office.gmail.calls["search"]
    office.drain(2)
    assert office.conversation("carl") == ["In the gap"]
    assert office.gmail.calls["search"] - searched == int(forgotten)
    assert run(office) == Renewed()


def test_f32_a_mailbox_that_never_had_a_watch_counts_from_its_connection() -> None:
    office = many(1)
    stored = office.mailbox("box0@gmail.com")
    office.store.commit([Put(keys.mailbox(stored.id), replace(stored, watch_expires_at=NO_WATCH))])
    office.clock.advance(hours=23)
    failing(office, "box0@gmail.com")
    assert run(office).overdue == []
    office.clock.advance(hours=2)
    assert run(office).overdue == [stored.id]


def many(count: int) -> Office:
    """That many mailboxes, connected at the same time."""
    office = Office()
    for number in range(count):
        email = f"box{number}@gmail.com"
        office.account(email)
        office.connect(email)
        office.store.documents.pop(f"locations/{HERE}/connections/{ANN}")
    return office


def failing(office: Office, *emails: str, takes: timedelta = timedelta()) -> None:
    def fail(_name: str, _what: str) -> None:
        office.clock.sleep(takes)
        raise Transient("gmail: ReadTimeoutError")

    for email in emails:
        office.mailboxes.accounts[email].fail = fail


@pytest.mark.parametrize("dies_at", [0, 1, 7, 19])
def test_f33_a_run_that_dies_halfway_is_finished_by_the_next(dies_at: int) -> None:
    class Dies(BaseException): ...

    office = many(20)
    office.clock.advance(days=6)
    watched: Counter[str] = Counter()

    def watching(email: str) -> None:
        account = office.mailboxes.accounts[email]

        def count(name: str, _what: str) -> None:
            if name == "watch":
                if sum(watched.values()) == dies_at and email not in watched:
                    watched["died"] += 1
                    raise Dies
                watched[email] += 1

        account.fail = count

    for number in range(20):
        watching(f"box{number}@gmail.com")
    with pytest.raises(Dies):
        run(office)
    done = run(office)
    assert done.renewed == 20 - dies_at
    assert set(watched.values()) == {1}
    assert run(office) == Renewed()


def test_f33_mailboxes_that_hang_every_time_starve_nobody() -> None:
    """Each takes a minute to fail, more of them than a run has minutes, and they lapse first."""
    office = many(60)
    hanging = [f"box{number}@gmail.com" for number in range(0, 40, 2)]
    failing(office, *hanging, takes=timedelta(minutes=1))
    assert timedelta(minutes=len(hanging)) > BUDGET
    office.clock.advance(days=5, hours=12)
    for _ in range(24 * 4):
        run(office)
        office.clock.advance(minutes=50)
    good = [f"box{number}@gmail.com" for number in range(60) if f"box{number}@gmail.com" not in hanging]
    now = office.clock.now()
    expiries = [office.mailbox(email).watch_expires_at for email in good]
    assert all(at and at > now for at in expiries)


def test_f33_ten_thousand_mailboxes_are_renewed_long_before_they_lapse() -> None:
    """A run that takes a third of a second a mailbox, as Gmail does, has room for some 1,400: here in small."""
    office = many(100)
    office.clock.advance(days=5, hours=12, minutes=1)

    def slow(_name: str, _what: str) -> None:
        office.clock.sleep(BUDGET / 14 / 3)

    for account in office.mailboxes.accounts.values():
        account.fail = slow
    runs = 0
    while run(office).unfinished:
        runs += 1
        office.clock.advance(minutes=52)
    assert runs <= 8
    assert min(office.mailbox(f"box{number}@gmail.com").watch_expires_at or NO_WATCH for number in range(100)) > (
        office.clock.now() + timedelta(days=6)
    )
