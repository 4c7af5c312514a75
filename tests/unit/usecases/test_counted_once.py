"""What the user sends in Gmail takes one place of the daily limit and of the tally, however often it is decided."""

from datetime import timedelta

import pytest

from shared.domain.identifiers import GmailId
from shared.errors import Transient
from shared.usecases import take_in
from shared.usecases.operating import Target
from shared.usecases.relist_mailbox import Window, relist_mailbox
from tests.unit.inbound import ADA, HERE, letter
from tests.unit.operators import OPS, Desk
from tests.unit.outbound import CARL, Outbound
from tests.unit.two_locations import THERE

EVE = "eve@other.example"


class Killed(BaseException):
    """As if the process ended."""


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def sends(world: Outbound, to: str = EVE) -> GmailId:
    """The user writes in Gmail to somebody who is nobody here, if nothing else is said."""
    return world.gmail.deliver(letter(ADA, to, subject=f"To {to}"), labels=["SENT"])


def counted(world: Outbound) -> tuple[int, int]:
    """The places taken, and how many mails were left out."""
    return world.used(), world.mailbox.tally.left_out


def rescue(world: Outbound, name: GmailId) -> None:
    world.gmail.label(name, add=["TRASH"])
    world.push()
    world.gmail.label(name, remove=["TRASH"])


def refuse(world: Outbound, name: GmailId) -> None:
    """Gmail fails with one mail alone."""

    def fails(_: str, what: str) -> None:
        if what == name:
            raise ValueError

    world.gmail.fail = fails


def recover(world: Outbound) -> None:
    world.gmail.fail = lambda _name, _what: None
    for _ in range(8):
        world.clock.advance(minutes=5)
        world.tick()
    assert world.parked() == {}


def die_before_it_is_told(world: Outbound, times: int = 1) -> None:
    """A mail with a contact comes as well, so that there is something to tell after the commit."""
    left = [times]

    def die(topic: str) -> None:
        if topic == "events" and left[0]:
            left[0] -= 1
            raise Killed

    world.topics.before_publish = die
    with pytest.raises(Killed):
        world.push()
    for _ in range(times - 1):
        world.clock.advance(minutes=2)
        with pytest.raises(Killed):
            world.tick()
    world.clock.advance(minutes=2)
    world.tick()


def test_R54_a_sent_mail_that_comes_back_out_of_trash_was_sent_once(world: Outbound) -> None:
    name = sends(world)
    world.push()
    rescue(world, name)
    world.push()
    assert counted(world) == (1, 1)


def test_R54_nor_does_it_count_anew_if_it_could_not_be_read_when_it_came_back(world: Outbound) -> None:
    name = sends(world)
    world.push()
    rescue(world, name)
    refuse(world, name)
    world.push()
    assert set(world.parked()) == {name}
    recover(world)
    assert counted(world) == (1, 1)


def test_R54_F16_nor_if_gmail_did_not_have_it_for_a_moment(world: Outbound) -> None:
    name = sends(world)
    world.push()
    rescue(world, name)
    mail = world.gmail.mails.pop(name)
    world.push()
    world.gmail.mails[name] = mail
    recover(world)
    assert world.left_out() == {name: "R23"}
    assert counted(world) == (1, 1)


def test_R54_what_was_parked_when_it_was_sent_counts_once_it_is_read(world: Outbound) -> None:
    name = sends(world)
    refuse(world, name)
    world.push()
    assert counted(world) == (0, 0)
    recover(world)
    assert counted(world) == (1, 1)


def test_R54_R05_what_was_sent_before_the_connection_counts_no_second_time_by_being_rescued(world: Outbound) -> None:
    name = sends(world)
    world.gmail.label(name, add=["TRASH"])
    world.change_mailbox(cursor=world.gmail.newest)
    world.gmail.label(name, remove=["TRASH"])
    world.push()
    assert counted(world) == (0, 0)


@pytest.mark.parametrize("times", [1, 2, 4])
def test_R54_F07_a_chunk_that_is_done_again_counts_what_was_sent_once(world: Outbound, times: int) -> None:
    """Also by a worker that goes mail by mail, since the ones before it died."""
    sends(world)
    world.gmail.deliver(letter(CARL, subject="A question"))
    die_before_it_is_told(world, times)
    assert world.conversation("carl") == ["A question"]
    assert counted(world) == (1, 1)


@pytest.mark.parametrize("documents", [1, 3])
def test_R54_F07_so_does_one_that_is_written_piece_by_piece(
    world: Outbound, documents: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies after the first pieces."""
    monkeypatch.setattr(take_in, "MOST_DOCUMENTS", documents)
    for number in range(4):
        world.gmail.deliver(letter(CARL, subject=f"Question {number}"))
        sends(world, f"eve{number}@other.example")

    def die(_: object) -> None:
        if len(world.messages()) == 3:
            world.store.before_commit = lambda _: None
            raise Killed

    world.store.before_commit = die
    with pytest.raises(Killed):
        world.push()
    world.clock.advance(minutes=2)
    world.tick()
    assert len(world.conversation("carl")) == 4
    assert counted(world) == (4, 4)


def test_R54_F25_nor_does_what_changed_between_two_pieces_count_it_twice(
    world: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_in, "MOST_DOCUMENTS", 3)
    for number in range(4):
        world.gmail.deliver(letter(CARL, subject=f"Question {number}"))
        sends(world, f"eve{number}@other.example")

    def change(_: object) -> None:
        if len(world.messages()) == 3:
            world.store.before_commit = lambda _: None
            world.location(THERE)
            world.link(THERE)

    world.store.before_commit = change
    world.push()
    assert counted(world) == (4, 4)


@pytest.mark.parametrize("before", [False, True])
def test_R54_R73_a_parked_mail_that_an_operator_has_listed_again_counts_once(*, before: bool) -> None:
    """Then, or `before` that."""
    desk = Desk()
    desk.world.clock.advance(minutes=10)
    name = sends(desk.world)
    if before:
        desk.world.push()
        rescue(desk.world, name)
    refuse(desk.world, name)
    desk.world.push()
    assert set(desk.world.parked()) == {name}
    desk.world.gmail.fail = lambda _name, _what: None
    window = Window(desk.world.clock.now() - timedelta(hours=1))
    relist_mailbox(desk.ports, Target(OPS, desk.world.mailbox_id), window)
    desk.world.wake()
    assert desk.world.parked() == {}
    assert counted(desk.world) == (1, 1)


def test_R54_F09_what_was_counted_before_gmail_forgot_counts_once(world: Outbound) -> None:
    sends(world)
    world.push()
    world.clock.advance(minutes=1)
    world.gmail.forget_history()
    sends(world, "fay@other.example")
    world.push()
    assert counted(world) == (2, 2)


def test_R54_F09_F29_nor_does_it_count_twice_if_it_cannot_be_read_when_it_is_listed_again(world: Outbound) -> None:
    name = sends(world)
    world.push()
    world.clock.advance(minutes=1)
    world.gmail.forget_history()
    refuse(world, name)
    world.push()
    assert set(world.parked()) == {name}
    recover(world)
    assert counted(world) == (1, 1)


def test_R54_R05_what_was_sent_while_the_account_was_looked_at_counts_by_that_alone(world: Outbound) -> None:
    """The history is followed from before the connection, and what had been sent by then is counted with it."""
    world.clock.advance(minutes=1)
    before = world.clock.now() - timedelta(seconds=2)
    world.link(HERE)
    name = world.gmail.deliver(letter(ADA, EVE), labels=["SENT"], at=before)
    sends(world)
    world.push()
    assert world.left_out()[name] == "R05"
    assert world.used() == 1


@pytest.mark.parametrize("again", [False, True])
def test_R54_F10_what_comes_while_the_list_is_gone_through_counts_once(world: Outbound, *, again: bool) -> None:
    """The history from the list's baseline on brings it again; maybe to another worker."""
    world.gmail.forget_history()

    def arrive(call: str, _: str) -> None:
        if call == "search":
            world.gmail.fail = lambda _name, _what: None
            sends(world)

    def die(call: str, _: str) -> None:
        if call == "history":
            world.gmail.fail = lambda _name, _what: None
            raise Killed

    world.gmail.fail = arrive
    if again:
        world.store.before_commit = lambda _: setattr(world.gmail, "fail", die) if world.used() else None
        with pytest.raises(Killed):
            world.push()
        world.store.before_commit = lambda _: None
        world.clock.advance(minutes=2)
        world.tick()
    else:
        world.push()
    assert world.mailbox.cursor == world.gmail.newest
    assert counted(world) == (1, 1)


def test_R54_F29_nor_does_it_count_twice_if_the_telling_fails_as_nobody_expects(world: Outbound) -> None:
    """The chunk is committed, and gone through once more mail by mail."""
    sends(world)
    world.gmail.deliver(letter(CARL))
    left = [1]

    def fails(topic: str) -> None:
        if topic == "events" and left:
            raise RuntimeError(left.pop())

    world.topics.before_publish = fails
    world.push()
    assert world.conversation("carl") == ["Hello"]
    assert counted(world) == (1, 1)


def test_R54_F20_a_refused_event_leaves_the_counts_as_they_are(world: Outbound) -> None:
    sends(world)
    world.gmail.deliver(letter(CARL))

    def refuse_events(topic: str) -> None:
        if topic == "events":
            raise Transient("pubsub: 503")

    world.topics.before_publish = refuse_events
    world.push()
    world.topics.before_publish = lambda _: None
    for _ in range(4):
        world.clock.advance(minutes=5)
        world.tick()
    assert counted(world) == (1, 1)
