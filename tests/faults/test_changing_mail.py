"""Mail that vanishes, comes back, changes or arrives while it is being read, and a history that is forgotten then."""

from datetime import timedelta

import pytest

from shared.errors import CursorExpired, Gone
from shared.usecases.process_notification import Ending
from tests.faults.odd_gmail import OddWorld
from tests.unit.inbound import ADA, letter

BOB = "bob@client.example"


@pytest.fixture
def world() -> OddWorld:
    return OddWorld()


def at_call(world: OddWorld, call: str, *then: object) -> list[object]:
    """Each time that the call is made, the next of `then` is done."""
    left = list(then)

    def meanwhile(name: str, _what: str) -> None:
        if name == call and left:
            act = left.pop(0)
            assert callable(act)
            act()

    world.odd.fail = meanwhile
    return left


def stored(world: OddWorld) -> list[str]:
    return sorted(world.conversation("bob"))


@pytest.mark.parametrize("call", ["profile", "search", "headers", "full"])
def test_f10_mail_that_arrives_at_any_moment_of_a_catch_up_is_stored_once(world: OddWorld, call: str) -> None:
    world.gmail.deliver(letter(BOB, subject="Before"))
    world.gmail.forget_history()
    left = at_call(world, call, lambda: world.gmail.deliver(letter(BOB, subject="During")))
    world.push()
    assert not left
    world.settles(2)
    assert stored(world) == ["Before", "During"]
    assert world.gmail.calls["full"] == 2
    assert world.mailbox.catch_up is None
    assert world.mailbox.cursor == world.gmail.newest


def test_f10_mail_that_arrives_between_two_pages_of_the_list_pushes_none_over_the_edge(world: OddWorld) -> None:
    world.gmail.page = 2
    for number in range(6):
        world.clock.advance(minutes=1)
        world.gmail.deliver(letter(BOB, subject=f"{number}"))
    world.gmail.forget_history()
    arrivals = [lambda at=at: world.gmail.deliver(letter(BOB, subject=f"during {at}")) for at in range(3)]
    at_call(world, "search", lambda: None, *arrivals)
    world.push()
    world.settles(2)
    assert stored(world) == ["0", "1", "2", "3", "4", "5", "during 0", "during 1", "during 2"]
    assert world.gmail.calls["full"] == 9


@pytest.mark.parametrize("call", ["search", "headers", "full"])
def test_f10_a_history_that_is_forgotten_again_during_the_catch_up_is_caught_up_again(
    world: OddWorld, call: str
) -> None:
    world.gmail.deliver(letter(BOB, subject="Before"))
    world.gmail.forget_history()

    def forgotten() -> None:
        world.gmail.deliver(letter(BOB, subject="During"))
        world.gmail.forget_history()

    left = at_call(world, call, forgotten, forgotten)
    world.push()
    world.settles(5)
    world.gmail.deliver(letter(BOB, subject="After"))
    world.push()
    assert stored(world) == sorted(["Before", "After", *["During"] * (2 - len(left))])
    assert world.gmail.calls["full"] == len(stored(world))
    assert world.mailbox.catch_up is None
    assert world.mailbox.cursor == world.gmail.newest


def test_f10_a_history_that_is_forgotten_every_time_is_a_growing_pause_and_no_loop(world: OddWorld) -> None:
    world.gmail.deliver(letter(BOB, subject="Before"))

    def always(call: str, _what: str) -> None:
        if call == "history":
            raise CursorExpired

    world.odd.fail = always
    outcome = world.push()
    assert outcome.ending is Ending.PAUSED
    assert stored(world) == ["Before"], "what the list has is taken in all the same"
    world.settles(120)
    assert world.gmail.calls["search"] < 60
    assert world.mailbox.pauses > 5
    world.odd.fail = lambda _name, _what: None
    world.gmail.deliver(letter(BOB, subject="After"))
    world.settles(40)
    assert stored(world) == ["After", "Before"]
    assert world.gmail.calls["full"] == 2


def test_f09_the_list_begins_with_the_connection_or_an_hour_before_all_was_settled(world: OddWorld) -> None:
    connected = world.mailbox.links[next(iter(world.mailbox.links))].connected_at
    world.gmail.forget_history()
    world.push()
    assert ("search", f"after:{int(connected.timestamp())}") in world.gmail.asked
    world.clock.advance(days=3)
    world.push(world.gmail._next())
    settled = world.mailbox.last_synced_at
    assert settled == world.clock.now()
    world.clock.advance(days=10)
    world.gmail.forget_history()
    world.push()
    assert world.gmail.asked[-2:-1] == [("search", f"after:{int((settled - timedelta(hours=1)).timestamp())}")]


FILE = 'Content-Disposition: attachment; filename="a"\nContent-Type: a/b'


@pytest.mark.parametrize("call", ["headers", "full", "attachment"])
@pytest.mark.parametrize("comes_back", [True, False])
def test_f15_f16_a_mail_that_is_not_there_at_any_read_is_asked_for_once_more_and_then_gone(
    world: OddWorld, call: str, *, comes_back: bool
) -> None:
    name = world.gmail.deliver(letter(BOB).replace("Content-Type: text/plain", FILE))
    kept = world.gmail.mails[name]
    left = at_call(world, call, lambda: world.gmail.mails.pop(name))
    world.gmail.deliver(letter(BOB, subject="Behind it"))
    world.push()
    assert not left
    assert stored(world) == ["Behind it"]
    assert world.parked() == {name: "gone?"}
    assert world.mailbox.cursor == world.gmail.newest
    if comes_back:
        world.gmail.mails[name] = kept
    before = world.gmail.calls["headers"]
    world.settles(120)
    assert stored(world) == (["Behind it", "Hello"] if comes_back else ["Behind it"])
    assert world.parked() == {}
    assert (world.mailbox.tally.gone, world.mailbox.tally.coverage) == (0 if comes_back else 1, 100)
    assert world.gmail.calls["headers"] - before == 1
    assert len(world.blobs.contents) == int(comes_back)


def test_f15_f16_a_file_that_gmail_does_not_have_twice_is_shown_as_missing_with_its_mail(world: OddWorld) -> None:
    world.gmail.deliver(letter(BOB).replace("Content-Type: text/plain", FILE))

    def missing(call: str, _what: str) -> None:
        if call == "attachment":
            raise Gone("file")

    world.odd.fail = missing
    world.push()
    assert world.messages() == []
    world.settles(5)
    (message,) = world.messages()
    assert [(one.filename, one.state, one.blob) for one in message.attachments] == [("a", "failed", "")]
    assert world.gmail.calls["attachment"] == 2
    assert world.parked() == {}


@pytest.mark.parametrize("hidden", ["TRASH", "SPAM", "DRAFT"])
def test_f17_the_labels_of_now_decide_not_those_of_the_record(world: OddWorld, hidden: str) -> None:
    name = world.gmail.deliver(letter(BOB))
    world.gmail.label(name, add=[hidden], remove=["INBOX"])
    world.push()
    assert world.left_out() == {name: "R19"}
    assert world.bodies_asked() == set()
    assert world.messages() == []


def test_f17_a_mail_that_changes_labels_only_is_neither_read_nor_told_again(world: OddWorld) -> None:
    name = world.gmail.deliver(letter(BOB))
    world.push()
    world.topics.announced.clear()
    calls = world.gmail.calls.copy()
    world.gmail.label(name, add=["IMPORTANT", "CATEGORY_PERSONAL"])
    assert world.push().ending is Ending.NOTHING
    world.gmail.label(name, add=["TRASH"], remove=["INBOX"])
    world.push()
    world.gmail.label(name, add=["INBOX"], remove=["TRASH"])
    world.push()
    assert stored(world) == ["Hello"]
    assert (world.gmail.calls["headers"], world.gmail.calls["full"]) == (calls["headers"], calls["full"])
    assert world.mailbox.tally.stored == 1


@pytest.mark.parametrize("pushes", [True, False], ids=["pushed each time", "all in one history"])
@pytest.mark.parametrize("shape", ["new id", "same id"])
def test_f17_a_draft_that_is_saved_and_sent_is_one_outbound_message(
    world: OddWorld, shape: str, *, pushes: bool
) -> None:
    for number in range(4):
        draft = world.gmail.deliver(letter(ADA, BOB, f"Draft {number}"), labels=["DRAFT"])
        world.push() if pushes else None
        if number < 3 or shape == "new id":
            world.gmail.delete(draft)
    if shape == "new id":
        world.gmail.deliver(letter(ADA, BOB, "Final"), labels=["SENT"])
    else:
        world.gmail.label(draft, remove=["DRAFT"], add=["SENT"])
    world.push()
    world.settles(3)
    (message,) = world.messages()
    assert (message.subject, message.direction) == ("Final" if shape == "new id" else "Draft 3", "outbound")
    assert world.gmail.calls["full"] == 1
