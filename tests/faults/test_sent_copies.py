"""The copy of a send in Gmail: met before the answer, deleted at once, or changed on its way."""

import pytest

from shared.domain.addresses import Address
from shared.domain.identifiers import MessageId
from shared.domain.mailbox import Alias
from shared.errors import Doubtful, Rejected
from tests.unit.inbound import ADA
from tests.unit.outbound import Outbound

SALES = "sales@agency.example"


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def raises_once(world: Outbound, at: str, error: BaseException, *, after: bool = False) -> None:
    left = [error]

    def strike(call: str) -> None:
        if call == at and left:
            raise left.pop()

    setattr(world.sender, "after" if after else "before", strike)


@pytest.mark.parametrize("syncs", ["before the answer", "after it", "never"])
@pytest.mark.parametrize("lost", [True, False], ids=["answer lost", "answered"])
def test_f58_whenever_the_sync_sees_the_sent_copy_it_is_one_message(world: Outbound, syncs: str, *, lost: bool) -> None:
    def meanwhile(call: str) -> None:
        if call == "finish":
            world.sender.after = lambda _: None
            if syncs == "before the answer":
                world.push()
            if lost:
                raise Doubtful("reset")

    world.sender.after = meanwhile
    name = world.send()
    if syncs == "after it":
        world.push()
    world.drain(90, syncing=syncs != "never")
    assert [(one.id, one.status) for one in world.messages()] == [(name, "sent")]
    assert (len(world.sent()), world.used()) == (1, 1)
    told = {one.id for one in world.topics.announced if one.type == "message.sent"}
    assert len(told) == 1
    assert world.store.documents["locations/here/conversations/carl"][0]["message_count"] == 1


def doubtful_and_forgotten(world: Outbound) -> MessageId:
    """Gmail accepted the mail, nobody heard of it, and its upload session says nothing."""
    raises_once(world, "finish", Doubtful("reset"), after=True)
    world.sender.forgets = True
    return world.send()


@pytest.mark.parametrize("proved", [True, False], ids=["markers are known to stay", "nothing is known of markers"])
def test_f59_a_sent_copy_that_is_deleted_at_once_is_never_sent_again_on_a_guess(
    world: Outbound, *, proved: bool
) -> None:
    if proved:
        world.send(key="earlier")
        world.push()
    before = len(world.sent())
    name = doubtful_and_forgotten(world)
    (copy,) = [one.id for one in world.gmail.mails.values() if "SENT" in one.labels][before:]
    world.gmail.delete(copy)
    world.drain(24 * 60)
    assert world.shown(name).status == "unknown"
    assert len(world.sent()) == before
    assert world.used() == before + 1, "it may have gone out, and keeps its place"


@pytest.mark.parametrize("lost", [True, False], ids=["answer lost", "answered"])
def test_f59_a_sender_that_gmail_changes_on_the_way_makes_no_second_mail_and_no_second_message(
    world: Outbound, *, lost: bool
) -> None:
    """The alias was taken away in Gmail meanwhile: Gmail puts the account's own address in its place."""
    world.change_mailbox(aliases=(Alias(Address(ADA)), Alias(Address(SALES), "Sales")))
    if lost:
        raises_once(world, "finish", Doubtful("reset"), after=True)
    accept = world.gmail.deliver

    def changed(raw: str, **more: object) -> object:
        return accept(raw.replace(SALES, ADA), **more)  # type: ignore[arg-type]

    world.gmail.deliver = changed  # type: ignore[method-assign, assignment]
    name = world.send({"from": SALES})
    world.push()
    world.drain(90)
    assert [(one.id, one.status) for one in world.messages()] == [(name, "sent")]
    assert len(world.sent()) == 1


def test_f59_with_neither_answer_nor_session_nor_marker_nor_sender_it_is_left_to_its_user(world: Outbound) -> None:
    world.change_mailbox(aliases=(Alias(Address(ADA)), Alias(Address(SALES), "Sales")))
    world.sender.keeps_marker, world.sender.forgets = False, True
    raises_once(world, "finish", Doubtful("reset"), after=True)
    accept = world.gmail.deliver

    def changed(raw: str, **more: object) -> object:
        return accept(raw.replace(SALES, ADA), **more)  # type: ignore[arg-type]

    world.gmail.deliver = changed  # type: ignore[method-assign, assignment]
    name = world.send({"from": SALES})
    world.push()
    world.drain(24 * 60)
    assert world.shown(name).status == "unknown"
    assert len(world.sent()) == 1
    with pytest.raises(Rejected) as refused:
        world.retry(name)
    assert refused.value.code == "not_retryable"
    world.retry(name, was_sent=True)
    assert world.shown(name).status == "sent"
    world.drain(60)
    assert len(world.sent()) == 1
