"""Mail that leaves spam or trash while Gmail forgets the history: the catch-up finds it, and asks for nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.decisions import KEPT
from shared.domain.identifiers import GmailId
from shared.errors import Transient
from shared.usecases import listed_mail, rescued_mail
from tests.unit.inbound import World, letter

BOB, EVE = "Bob <bob@client.example>", "eve@other.example"


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    return world


def arrives(world: World, subject: str, label: str, sender: str = BOB, *, heard: bool = True) -> GmailId:
    name = world.gmail.deliver(letter(sender, subject=subject), labels=[label, "UNREAD"])
    if heard:
        world.push()
    world.clock.advance(minutes=1)
    return name


def is_rescued(world: World, name: GmailId, label: str) -> None:
    world.gmail.label(name, remove=[label], add=["INBOX"])


def are_rescued_after_all_was_settled(world: World, names: list[GmailId]) -> None:
    world.clock.advance(days=1)
    arrives(world, "Later", "INBOX")
    for name in names:
        is_rescued(world, name, "SPAM")
    world.gmail.forget_history()


def catches_up(world: World) -> None:
    world.gmail.forget_history()
    world.push()
    assert world.mailbox.catch_up is None
    assert world.mailbox.cursor == world.gmail.newest


@pytest.mark.parametrize("label", ["SPAM", "TRASH"])
def test_R19_F09_mail_that_is_rescued_while_the_history_is_forgotten_is_placed(world: World, label: str) -> None:
    name = arrives(world, "Rescued", label)
    arrives(world, "Still away", label)
    world.clock.advance(days=9)
    arrives(world, "Later", "INBOX")
    is_rescued(world, name, label)
    catches_up(world)
    assert sorted(world.conversation("bob")) == ["Later", "Rescued"]
    assert world.gmail.calls["full"] == 2
    assert world.gmail.calls["headers"] == 2, "what is still away is not even asked for"


def test_R19_F10_mail_of_a_forgotten_time_that_is_rescued_in_the_next_one_is_placed(world: World) -> None:
    name = arrives(world, "Rescued", "SPAM", heard=False)
    catches_up(world)
    assert world.left_out() == {name: "R19"}
    assert world.bodies_asked() == set()
    world.clock.advance(days=1)
    arrives(world, "Later", "INBOX")
    is_rescued(world, name, "SPAM")
    catches_up(world)
    assert sorted(world.conversation("bob")) == ["Later", "Rescued"]


def test_R19_F09_what_another_rule_left_out_is_not_asked_for_again(world: World) -> None:
    spam, other = arrives(world, "Rescued", "SPAM"), arrives(world, "Private", "INBOX", EVE)
    twice = arrives(world, "Rescued before", "SPAM", EVE)
    is_rescued(world, twice, "SPAM")
    world.push()
    world.clock.advance(days=1)
    arrives(world, "Later", "INBOX")
    assert world.left_out() == {spam: "R19", other: "R23", twice: "R23"}
    asked, left_out = world.gmail.calls["headers"], world.mailbox.tally.left_out
    is_rescued(world, spam, "SPAM")
    catches_up(world)
    assert world.gmail.calls["headers"] == asked + 1
    assert world.mailbox.tally.left_out == left_out
    assert sorted(world.conversation("bob")) == ["Later", "Rescued"]


def test_R19_F09_without_anything_in_spam_there_is_one_list(world: World) -> None:
    arrives(world, "Private", "INBOX", EVE)
    world.clock.advance(days=1)
    arrives(world, "Later", "INBOX")
    catches_up(world)
    assert world.gmail.calls["search"] == 1


def test_R19_F09_no_older_mail_is_listed_than_gmail_keeps_in_spam(world: World) -> None:
    name = arrives(world, "Gone by now", "SPAM")
    world.clock.advance(seconds=KEPT.total_seconds())
    arrives(world, "Later", "INBOX")
    is_rescued(world, name, "SPAM")
    catches_up(world)
    assert world.gmail.calls["search"] == 1
    assert world.conversation("bob") == ["Later"]


@pytest.mark.parametrize("told_to_end", [True, False])
def test_R19_F09_F45_what_is_settled_already_is_not_done_again_after_an_interruption(
    world: World, monkeypatch: pytest.MonkeyPatch, *, told_to_end: bool
) -> None:
    """Drafts stay drafts: they are asked for once, however often the catch-up is interrupted."""
    monkeypatch.setattr(rescued_mail, "PAGE", 2)
    monkeypatch.setattr(listed_mail, "MOST", 5)
    for number in range(4):
        arrives(world, f"Draft {number}", "DRAFT")
    are_rescued_after_all_was_settled(world, [arrives(world, f"Rescued {number}", "SPAM") for number in range(4)])
    asked: list[str] = []
    world.ports = replace(world.ports, chunk=2, stopping=lambda: told_to_end and len(asked) == 4)

    def trouble(call: str, what: str) -> None:
        world.clock.advance(seconds=call == "search")
        asked.extend([what] if call == "headers" else [])
        if call == "headers" and len(asked) == 5 and not told_to_end:
            raise Transient("gmail: 503")

    world.gmail.fail = trouble
    world.push()
    assert world.mailbox.catch_up
    assert world.conversation("bob") == ["Later"]
    world.ports = replace(world.ports, stopping=lambda: False)
    world.clock.advance(minutes=2)
    world.wake()
    assert world.mailbox.catch_up is None
    assert sorted(world.conversation("bob")) == ["Later", *(f"Rescued {number}" for number in range(4))]
    assert len(asked) == (8 if told_to_end else 9), "each once, and once more the one that was in the way"


def test_R05_R19_F09_what_came_before_the_connection_stays_out(world: World) -> None:
    spam = world.gmail.deliver(letter(BOB), labels=["SPAM"], at=world.clock.now() - timedelta(days=3))
    world.push()
    world.clock.advance(days=1)
    arrives(world, "Later", "INBOX")
    is_rescued(world, spam, "SPAM")
    catches_up(world)
    assert world.conversation("bob") == ["Later"]
    assert world.gmail.calls["headers"] == 1
