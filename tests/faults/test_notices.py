"""Pushes that come twice, late, ahead, together or never, and history ids of any size."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.entrypoint.notices import notice
from shared.entrypoint.push import Pushed
from shared.ports.store import Put
from shared.usecases.process_notification import Ending
from tests.unit.inbound import ADA, World, letter

BOB = "bob@client.example"


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", BOB)
    world.clock.advance(minutes=5)
    return world


def told(world: World) -> list[str]:
    return [event.id for event in world.topics.announced]


@pytest.mark.parametrize("times", [2, 10, 100])
def test_f01_however_often_a_push_comes_it_is_one_mail_and_one_look_each(world: World, times: int) -> None:
    world.gmail.deliver(letter(BOB))
    for number in range(times):
        before = world.gmail.calls["history"]
        world.push(holder=f"copy-{number}")
        assert world.gmail.calls["history"] - before <= 1
    assert world.conversation("bob") == ["Hello"]
    assert len(told(world)) == world.gmail.calls["headers"] == world.gmail.calls["full"] == 1


def test_f02_pushes_in_any_order_never_move_the_cursor_back_nor_tell_anything_anew(world: World) -> None:
    ids = []
    for number in range(6):
        world.gmail.deliver(letter(BOB, subject=f"Number {number}"))
        ids.append(world.gmail.newest)
    cursors = [world.mailbox.cursor]
    for at in (ids[3], ids[5], ids[0], ids[4], ids[1], ids[2], 1, 0):
        world.push(at)
        cursors.append(world.mailbox.cursor)
    assert cursors == sorted(cursors)
    assert cursors[-1] == ids[5]
    assert len(told(world)) == len({*told(world)}) == 6
    assert world.gmail.calls["headers"] == 6


@pytest.mark.parametrize("new_mail", [True, False])
def test_f02_an_answer_of_gmails_that_is_older_than_the_cursor_does_not_move_it_back(
    world: World, *, new_mail: bool
) -> None:
    """One of its servers may know less than the one that was asked before."""
    world.gmail.deliver(letter(BOB))
    world.push()
    cursor = world.mailbox.cursor
    if new_mail:
        world.gmail.deliver(letter(BOB, subject="More"))
    world.gmail.lag = 12
    world.push(world.gmail.newest + 1)
    assert world.mailbox.cursor == cursor
    world.gmail.lag = 0
    world.clock.advance(seconds=6)
    world.tick()
    assert sorted(world.conversation("bob")) == (["Hello", "More"] if new_mail else ["Hello"])
    assert len(told(world)) == len({*told(world)})


@pytest.mark.parametrize("quiet_for", [timedelta(minutes=2), timedelta(hours=3), timedelta(days=2)])
def test_f03_a_mail_whose_push_never_comes_is_there_within_the_sweeps_hour(world: World, quiet_for: timedelta) -> None:
    world.push()
    for _ in range(int(quiet_for / timedelta(minutes=1))):
        world.clock.advance(minutes=1)
        world.tick()
    world.gmail.deliver(letter(BOB))
    arrived = world.clock.now()
    while not world.messages():
        world.clock.advance(minutes=1)
        world.tick()
        assert world.clock.now() - arrived <= timedelta(minutes=61)


@pytest.mark.parametrize("contenders", [2, 10])
def test_f05_of_pushes_at_the_same_instant_one_works_and_the_others_leave_it_theirs(
    world: World, contenders: int
) -> None:
    world.gmail.deliver(letter(BOB, subject="First"))
    endings: list[Ending] = []
    cursors: list[int] = []

    def others(call: str, _what: str) -> None:
        if call == "headers" and not endings:
            world.gmail.deliver(letter(BOB, subject="Meanwhile"))
            endings.extend(world.push().ending for _ in range(contenders - 1))
        cursors.append(world.mailbox.cursor)

    world.gmail.fail = others
    assert world.push().ending is Ending.SYNCED
    assert endings == [Ending.LEFT] * (contenders - 1)
    assert sorted(world.conversation("bob")) == ["First", "Meanwhile"]
    assert world.gmail.calls["headers"] == world.gmail.calls["full"] == 2
    assert cursors == sorted(cursors)
    assert world.mailbox.cursor == world.mailbox.pending == world.gmail.newest
    assert len(told(world)) == 2


def test_f05_a_push_that_was_left_to_a_holder_who_then_dies_is_met_by_the_timer(world: World) -> None:
    class Dies(BaseException): ...

    def die(call: str, _what: str) -> None:
        if call == "headers":
            world.gmail.fail = lambda _name, _what: None
            world.gmail.deliver(letter(BOB, subject="Meanwhile"))
            assert world.push().ending is Ending.LEFT
            raise Dies

    world.gmail.deliver(letter(BOB, subject="First"))
    world.gmail.fail = die
    with pytest.raises(Dies):
        world.push()
    world.clock.advance(seconds=61)
    world.tick()
    assert sorted(world.conversation("bob")) == ["First", "Meanwhile"]


def test_f11_while_the_history_lags_behind_the_push_nothing_is_passed_over(world: World) -> None:
    """An empty answer names an id of its own, which may be far behind what was announced."""
    for number in range(3):
        world.gmail.deliver(letter(BOB, subject=f"Number {number}"))
    shown = world.gmail.newest
    world.gmail.lag = 9
    for lag, stored in ((9, 0), (6, 1), (3, 2), (0, 3)):
        world.gmail.lag = lag
        world.push() if lag == 9 else world.tick()
        assert world.mailbox.cursor == shown - lag
        assert len(world.messages()) == stored
        world.clock.advance(seconds=6)


def test_f11_after_the_short_looks_the_timer_finds_what_the_history_showed_too_late(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    world.gmail.lag = 3
    world.push()
    for _ in range(20):
        world.clock.advance(seconds=6)
        world.tick()
    looks = world.gmail.calls["history"]
    world.tick()
    assert world.gmail.calls["history"] == looks < 10
    world.gmail.lag = 0
    world.clock.advance(minutes=61)
    world.tick()
    assert world.conversation("bob") == ["Hello"]


@pytest.mark.parametrize("cursor", [999, 9_999_999, 2**53, 2**53 + 1, 2**63 - 100])
def test_f48_history_ids_are_compared_as_integers_however_large(cursor: int) -> None:
    """As text 1000 comes before 999; as floats 2^53 and 2^53 + 1 are the same."""
    world = World()
    world.contact("bob", BOB)
    world.clock.advance(minutes=5)
    world.gmail.newest = cursor
    world.store.commit([Put(keys.mailbox(world.mailbox_id), replace(world.mailbox, cursor=cursor, pending=cursor))])
    assert world.push(cursor).ending is Ending.HANDLED
    assert world.push(cursor - 1).ending is Ending.HANDLED
    world.gmail.newest = cursor - 2
    world.gmail.deliver(letter(BOB))
    assert world.gmail.newest == cursor + 1
    assert world.push().ending is Ending.SYNCED
    assert world.mailbox.cursor == cursor + 1
    assert world.conversation("bob") == ["Hello"]


@pytest.mark.parametrize("given", [9_007_199_254_740_993, "9007199254740993", 2**63 - 1, str(2**63 - 1), "0", 0])
def test_f47_f48_a_history_id_as_a_number_or_as_text_is_that_very_integer(given: int | str) -> None:
    read = notice(Pushed("p", {"emailAddress": ADA.upper(), "historyId": given}))
    assert read
    assert (read.address, read.history_id) == (ADA, int(given))


@pytest.mark.parametrize(
    "given", [-1, "-1", 2**63, str(2**63), "1" * 400, 1.0, "1.0", "1e3", " 1", "", "x", True, None, [], {}]
)
def test_f47_a_history_id_that_is_none_says_nothing(given: object) -> None:
    assert notice(Pushed("p", {"emailAddress": ADA, "historyId": given})) is None


@pytest.mark.parametrize("content", [{}, {"historyId": 5}, {"emailAddress": 5, "historyId": 5}, {"mailbox": "../x"}])
def test_f47_a_push_without_a_mailbox_says_nothing(content: dict[str, object]) -> None:
    assert notice(Pushed("p", content)) is None


def test_f47_pushes_for_mailboxes_that_are_unknown_or_disconnected_end_at_once_and_do_nothing(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    world.unlink(next(iter(world.mailbox.links)))
    before = dict(world.store.documents)
    assert world.push().ending is Ending.IDLE
    world.ports.addresses.clear()
    del world.store.documents[keys.mailbox_address(world.mailbox.address).path]
    assert world.push().ending is Ending.UNKNOWN
    assert world.gmail.calls.total() == 0
    assert {path for path in before if before[path] != world.store.documents.get(path)} == {
        keys.mailbox_address(world.mailbox.address).path
    }
