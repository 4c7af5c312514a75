"""A window of a mailbox that an operator has gone through again: what is missing is stored, nothing else done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, MailboxId
from shared.domain.mailbox import LAG_CHECKS, RECHECK
from shared.domain.message import Message
from shared.errors import PageExpired, Rejected, Transient
from shared.ports.store import Delete, Put, Query
from shared.usecases.drop_parked import drop_parked
from shared.usecases.explain import Decision
from shared.usecases.operating import Target
from shared.usecases.relist_mailbox import Window, relist_mailbox
from tests.unit.inbound import HERE, letter
from tests.unit.operators import OPS, Desk
from tests.unit.outbound import CARL
from tests.unit.usecases.test_parked_by_operators import lose

HOUR = timedelta(hours=1)
THERE = LocationId("there")


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.world.push()
    made.world.clock.advance(hours=1)
    return made


def arrive(desk: Desk, *subjects: str, sender: str = CARL) -> list[GmailId]:
    """Mails ten minutes apart, each synced."""
    made = []
    for subject in subjects:
        desk.world.clock.advance(minutes=10)
        made.append(desk.world.gmail.deliver(letter(sender, subject=subject, Message_ID=f"<{subject}@c.example>")))
        desk.world.push()
    return made


def lost(desk: Desk, name: GmailId) -> None:
    """As after a restore of an older backup: nothing here knows of the mail, and its history is long past."""
    known = desk.known(name)
    assert known
    desk.world.store.commit(
        [
            Delete(keys.known_mail(desk.world.mailbox_id, name)),
            *(Delete(keys.message(location, message)) for location, message in known.messages.items()),
        ]
    )


def relist(desk: Desk, *, hours: float = 24, until: float | None = None) -> None:
    now = desk.world.clock.now()
    window = Window(now - hours * HOUR, now - until * HOUR if until is not None else None)
    relist_mailbox(desk.ports, Target(OPS, desk.world.mailbox_id), window)


def subjects(desk: Desk, location: LocationId = HERE) -> list[str]:
    return sorted(desk.world.conversation("carl", location))


def stored(desk: Desk, subject: str) -> list[Message]:
    return [one for one in desk.world.messages() if one.subject == subject]


def test_what_is_missing_in_the_window_is_stored_and_the_rest_is_as_it_was(desk: Desk) -> None:
    names = arrive(desk, "one", "two", "three")
    before = {one.id: one for one in desk.world.messages() if one.subject != "two"}
    lost(desk, names[1])
    cursor, tally = desk.world.mailbox.cursor, desk.world.mailbox.tally

    relist(desk)
    desk.world.tick()

    assert subjects(desk) == ["one", "three", "two"]
    assert {one.id: one for one in desk.world.messages() if one.subject != "two"} == before
    mailbox = desk.world.mailbox
    assert (mailbox.relist, mailbox.catch_up, mailbox.cursor) == (None, None, cursor)
    assert mailbox.tally == replace(tally, stored=tally.stored + 1)
    assert desk.acts()[-1][0] == "relisted"


def test_nothing_is_decided_again_that_every_location_has(desk: Desk) -> None:
    arrive(desk, "one", "two")
    desk.world.gmail.asked.clear()
    relist(desk)
    desk.world.tick()
    assert {call for call, _ in desk.world.gmail.asked} <= {"history", "search"}


def test_the_cursor_stays_where_it_is_also_where_gmail_went_on_meanwhile(desk: Desk) -> None:
    (name,) = arrive(desk, "one")
    lost(desk, name)
    desk.world.gmail.deliver(letter(CARL, subject="new"))
    relist(desk)
    desk.world.wake()
    assert subjects(desk) == ["new", "one"]
    assert desk.world.mailbox.cursor == desk.world.gmail.newest


def test_only_the_window_is_gone_through(desk: Desk) -> None:
    names = arrive(desk, "early")
    desk.world.clock.advance(hours=5)
    names += arrive(desk, "middle")
    desk.world.clock.advance(hours=5)
    names += arrive(desk, "late")
    for name in names:
        lost(desk, name)
    relist(desk, hours=7, until=2)
    desk.world.tick()
    assert subjects(desk) == ["middle"]


def test_f11_an_id_that_gmail_never_shows_holds_a_window_up_for_a_while_and_keeps_no_worker_busy(desk: Desk) -> None:
    (name,) = arrive(desk, "one")
    lost(desk, name)
    desk.world.push(desk.world.gmail.newest + 1_000)
    relist(desk)
    desk.world.topics.woken.clear()

    for _ in range(LAG_CHECKS + 1):
        desk.world.clock.advance(seconds=6)
        desk.world.wake()
        assert desk.world.mailbox.wake_at == desk.world.clock.now() + RECHECK

    assert desk.world.topics.woken == [], "the timer looks again soon enough"
    assert (desk.world.mailbox.relist, subjects(desk)) == (None, ["one"])


def test_a_window_that_ends_in_the_future_ends_with_the_present(desk: Desk) -> None:
    (name,) = arrive(desk, "one")
    lost(desk, name)
    now = desk.world.clock.now()
    window = Window(now - HOUR, now.replace(year=9999))
    relist_mailbox(desk.ports, Target(OPS, desk.world.mailbox_id), window)
    assert desk.world.mailbox.relist
    assert desk.world.mailbox.relist.until is None
    desk.world.tick()
    assert not desk.world.mailbox.relist
    assert subjects(desk) == ["one"]


def test_R05_nothing_from_before_the_connection_comes_in(desk: Desk) -> None:
    desk.world.gmail.deliver(letter(CARL, subject="before"), at=desk.world.clock.now() - 3 * HOUR)
    relist(desk, hours=24 * 365)
    assert desk.world.mailbox.relist
    assert desk.world.mailbox.relist.since == desk.world.mailbox.links[HERE].connected_at
    desk.world.tick()
    assert subjects(desk) == []


def test_what_was_left_out_is_decided_by_todays_policy(desk: Desk) -> None:
    (name,) = arrive(desk, "stranger", sender="eve@other.example")
    assert desk.explained(name).decision is Decision.LEFT_OUT
    seen = desk.world.mailbox.tally.seen
    desk.world.policy(contact_creation="sent_and_received")
    desk.world.gmail.deliver(letter("eve@other.example", subject="again"))
    relist(desk)
    desk.world.tick()
    assert sorted(one.subject for one in desk.world.messages()) == ["again", "stranger"]
    assert desk.world.mailbox.tally.seen >= seen


def test_what_one_location_has_and_another_lacks_is_stored_there_alone(desk: Desk) -> None:
    desk.world.location(THERE)
    desk.world.link(THERE, desk.world.clock.now() - HOUR)
    (name,) = arrive(desk, "one")
    assert (subjects(desk), subjects(desk, THERE)) == (["one"], [])
    at = desk.world.clock.now()
    desk.world.contact("carl", CARL, THERE)
    key = keys.contact(THERE, "carl")  # type: ignore[arg-type]
    contact = desk.world.store.read(key).value(key)
    assert contact
    tally = desk.world.mailbox.tally
    entry = keys.address(THERE, contact.email)
    indexed = desk.world.store.read(entry).value(entry)
    assert indexed
    older = {name: replace(one, created_at=at - HOUR) for name, one in indexed.contacts.items()}
    desk.world.store.commit([Put(entry, replace(indexed, contacts=older))])

    relist(desk)
    desk.world.tick()

    assert (subjects(desk), subjects(desk, THERE)) == (["one"], ["one"])
    assert desk.world.mailbox.tally.stored == tally.stored
    assert set(desk.known(name).messages) == {HERE, THERE}  # type: ignore[union-attr]


def test_a_dropped_mail_stays_dropped(desk: Desk) -> None:
    name = desk.parked()
    drop_parked(desk.ports, desk.of(name), why="x")
    desk.refuse()
    relist(desk)
    desk.world.tick()
    assert subjects(desk) == []
    assert desk.explained(name).decision is Decision.DROPPED


def test_parked_mail_of_the_window_is_tried_again_and_settled(desk: Desk) -> None:
    desk.parked("Late", for_good=True)
    desk.refuse()
    relist(desk, hours=24 * 30)
    desk.world.tick()
    assert subjects(desk) == ["Late"]
    assert (desk.world.parked(), desk.world.mailbox.tally.parked) == ({}, 0)


@pytest.mark.parametrize("dies_at", range(1, 9))
def test_F13_a_worker_that_fails_anywhere_on_the_way_leaves_the_rest_to_the_next_one(desk: Desk, dies_at: int) -> None:
    names = arrive(desk, *"abcdef")
    for name in names:
        lost(desk, name)
    desk.world.ports = replace(desk.world.ports, chunk=2)
    relist(desk)
    commits = [0]

    def fail(_: object) -> None:
        commits[0] += 1
        if commits[0] == dies_at:
            raise Transient("store: down")

    desk.world.store.before_commit = fail
    for _ in range(4):
        try:
            desk.world.tick()
        except Transient:
            desk.world.clock.advance(minutes=2)
        desk.world.clock.advance(minutes=2)
    assert subjects(desk) == list("abcdef")
    assert desk.world.mailbox.relist is None
    assert desk.world.mailbox.tally.stored == 12


def test_live_mail_goes_before_the_rest_of_a_window(desk: Desk) -> None:
    names = arrive(desk, *"abcd")
    for name in names:
        lost(desk, name)
    desk.world.ports = replace(desk.world.ports, chunk=1)
    relist(desk)
    pushed: list[GmailId] = []

    def push_meanwhile(call: str, what: str) -> None:
        if call == "full" and what == names[1] and not pushed:
            pushed.append(desk.world.gmail.deliver(letter(CARL, subject="live")))
            desk.world.push()

    desk.world.gmail.fail = push_meanwhile
    desk.world.topics.woken.clear()
    desk.world.wake()
    assert subjects(desk) == ["a", "b"]
    assert desk.world.mailbox.relist
    assert desk.world.topics.woken == [desk.world.mailbox_id]
    desk.world.wake()
    assert subjects(desk) == ["a", "b", "c", "d", "live"]


def test_a_catch_up_that_is_under_way_goes_first_and_to_its_own_end(desk: Desk) -> None:
    names = arrive(desk, "one", "two")
    lost(desk, names[0])
    desk.world.gmail.deliver(letter(CARL, subject="unseen"))
    desk.world.gmail.forget_history()

    def late(call: str, what: str) -> None:
        if call == "search":
            raise Transient("gmail: 500")

    desk.world.gmail.fail = late
    desk.world.push()
    begun = desk.world.mailbox.catch_up
    assert begun
    relist(desk)
    assert desk.world.mailbox.catch_up == begun
    desk.world.gmail.fail = lambda _call, _what: None
    desk.later(minutes=5)
    assert subjects(desk) == ["one", "two", "unseen"]
    mailbox = desk.world.mailbox
    assert (mailbox.catch_up, mailbox.relist) == (None, None)
    assert mailbox.cursor >= begun.baseline


def test_a_history_that_expires_while_a_window_waits_is_caught_up_and_the_window_stays(desk: Desk) -> None:
    (name,) = arrive(desk, "one")
    lost(desk, name)
    relist(desk)
    desk.world.gmail.forget_history()
    desk.world.tick()
    assert subjects(desk) == ["one"]
    assert desk.world.mailbox.relist is None


def test_asking_twice_for_the_same_window_changes_nothing(desk: Desk) -> None:
    desk.world.clock.advance(hours=2)
    window = Window(desk.world.clock.now() - HOUR)
    target = Target(OPS, desk.world.mailbox_id)
    first = relist_mailbox(desk.ports, target, window).relist
    desk.world.clock.advance(minutes=1)
    assert relist_mailbox(desk.ports, target, window).relist == first
    assert [act for act, _, _ in desk.acts()] == ["relisted"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_second_window_widens_the_first_one(desk: Desk, order: int) -> None:
    names = arrive(desk, "early")
    desk.world.clock.advance(hours=5)
    names += arrive(desk, "late")
    for name in names:
        lost(desk, name)
    for hours, until in [(1, 0), (6, 4)][::order]:
        relist(desk, hours=hours, until=until)
    desk.world.tick()
    assert subjects(desk) == ["early", "late"]


def test_a_window_that_is_widened_while_a_worker_goes_through_it_is_gone_through_whole(desk: Desk) -> None:
    names = arrive(desk, "early")
    desk.world.clock.advance(hours=5)
    names += arrive(desk, "late")
    for name in names:
        lost(desk, name)
    relist(desk, hours=1)
    widened: list[bool] = []

    def widen(call: str, _what: str) -> None:
        if call == "full" and not widened:
            widened.append(True)
            relist(desk, hours=6)

    desk.world.gmail.fail = widen
    desk.world.tick()
    assert widened
    assert subjects(desk) == ["early", "late"]
    assert desk.world.mailbox.relist is None


def test_F12_a_page_that_expires_is_listed_again(desk: Desk) -> None:
    names = arrive(desk, *"abcde")
    for name in names:
        lost(desk, name)
    desk.world.gmail.page = 2
    expired: list[bool] = []

    def expire(call: str, _what: str) -> None:
        if call == "search" and desk.world.gmail.calls["search"] == 2 and not expired:
            expired.append(True)
            raise PageExpired

    desk.world.gmail.fail = expire
    relist(desk)
    desk.world.tick()
    assert expired
    assert subjects(desk) == list("abcde")


def test_a_window_of_a_connection_that_ends_ends_with_it(desk: Desk) -> None:
    relist(desk)
    lose(desk, "ended")
    assert desk.world.mailbox.relist is None


@pytest.mark.parametrize(("hours", "until"), [(-1, None), (2, 3), (5, 4), (1, 1)])
def test_an_empty_window_is_refused(desk: Desk, hours: float, until: float | None) -> None:
    """In the future; ending before it begins; ending before the connection, which is an hour old."""
    with pytest.raises(Rejected, match="invalid_request"):
        relist(desk, hours=hours, until=until)
    assert desk.world.mailbox.relist is None
    assert desk.acts() == []


@pytest.mark.parametrize(("state", "code"), [("lost", "reauth_required"), ("ended", "not_connected")])
def test_a_mailbox_that_cannot_be_read_is_not_relisted(desk: Desk, state: str, code: str) -> None:
    lose(desk, state)
    with pytest.raises(Rejected, match=code):
        relist(desk)


def test_a_mailbox_that_is_not_there_is_not_relisted(desk: Desk) -> None:
    window = Window(desk.world.clock.now() - HOUR)
    with pytest.raises(Rejected, match="not_found"):
        relist_mailbox(desk.ports, Target(OPS, MailboxId("nobody")), window)


def test_what_the_user_sent_in_gmail_counts_once_against_the_limit_however_often_it_is_listed(desk: Desk) -> None:
    desk.world.gmail.deliver(letter("ada@agency.example", to="eve@other.example", subject="sent"), labels=("SENT",))
    desk.world.push()
    sent = desk.world.mailbox.sent
    relist(desk)
    desk.world.tick()
    assert desk.world.mailbox.sent == sent
    assert len(desk.world.store.find(Query(keys.decisions(desk.world.mailbox_id)))) == 2
