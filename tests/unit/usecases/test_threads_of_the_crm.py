"""A thread that the CRM begins, or is the first to answer in, belongs to that location while it uses the mailbox."""

from dataclasses import replace

import pytest

from shared.domain import keys
from shared.domain.identifiers import LocationId, MessageId, ThreadId
from shared.domain.outbox import EntryState
from shared.errors import Refused
from shared.ports.store import Put
from tests.unit.inbound import HERE, letter
from tests.unit.outbound import CARL, Outbound, once

THERE = LocationId("there")


@pytest.fixture
def world() -> Outbound:
    """One mailbox in two locations that both have the contact."""
    made = Outbound()
    made.location(THERE)
    made.link(THERE)
    made.contact("carl-there", CARL, THERE)
    return made


def replies(world: Outbound, to: MessageId, subject: str = "Re: An offer") -> None:
    (source,) = world.shown(to).sources.values()
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(CARL, subject=subject), thread=source.thread_id)
    world.push()


@pytest.mark.parametrize("synced_first", [False, True])
def test_R40_a_reply_to_what_the_crm_began_shows_only_where_it_began(world: Outbound, synced_first: bool) -> None:
    began = world.send()
    if synced_first:
        world.push()

    replies(world, began)

    assert sorted(world.conversation("carl")) == ["An offer", "Re: An offer"]
    assert world.conversation("carl-there", THERE) == []


def test_R42_the_thread_is_free_again_when_the_connection_that_began_it_ends(world: Outbound) -> None:
    began = world.send()
    world.unlink(HERE)

    replies(world, began)

    assert world.conversation("carl") == ["An offer"]
    assert world.conversation("carl-there", THERE) == ["Re: An offer"]


def question(world: Outbound) -> MessageId:
    """A contact's mail that both locations have."""
    world.gmail.deliver(letter(CARL, subject="Question", Message_ID="<q@customer.example>"), thread="t-shared")
    world.push()
    assert world.conversation("carl-there", THERE) == ["Question"]
    (asked,) = (message for message in world.messages() if message.subject == "Question")
    return asked.id


def claimed_by(world: Outbound) -> LocationId | None:
    key = keys.thread(world.mailbox_id, ThreadId("t-shared"))
    thread = world.store.read(key).value(key)
    assert thread
    return thread.claimed_by


def test_R42_the_first_reply_from_the_crm_claims_a_thread_that_both_locations_have_seen(world: Outbound) -> None:
    answer = world.send({"reply_to": question(world), "subject": "Re: Question"})
    replies(world, answer, "Re: Question")

    assert sorted(world.conversation("carl")) == ["Question", "Re: Question", "Re: Question"]
    assert world.conversation("carl-there", THERE) == ["Question"]
    assert "R42" in world.left_out().values()


def test_R42_the_claim_is_made_when_the_reply_is_accepted_and_again_by_nobody(world: Outbound) -> None:
    first = world.accept({"reply_to": question(world), "subject": "Re: Question"})
    second = world.accept({"reply_to": world.messages()[0].id, "subject": "Re: Question"}, key="key-2")

    assert claimed_by(world) == HERE
    assert (world.entry(first.id).claims, world.entry(second.id).claims) == ("t-shared", None)


def test_R42_a_claim_ends_with_the_send_that_made_it_if_that_fails_and_comes_back_with_the_retry(
    world: Outbound,
) -> None:
    accepted = world.accept({"reply_to": question(world), "subject": "Re: Question"})
    world.sender.before = once(Refused("invalidArgument", "no"))
    world.deliver(accepted.id)
    assert world.entry(accepted.id).state is EntryState.FAILED
    assert claimed_by(world) is None

    world.retry(accepted.id)
    assert claimed_by(world) == HERE


def test_R42_a_claim_of_a_location_that_left_is_void_for_good_once_another_replies(world: Outbound) -> None:
    asked = question(world)
    key = keys.thread(world.mailbox_id, ThreadId("t-shared"))
    thread = world.store.read(key).value(key)
    assert thread
    world.store.commit([Put(key, replace(thread, claimed_by=LocationId("gone")))])

    world.accept({"reply_to": asked, "subject": "Re: Question"})

    assert claimed_by(world) == HERE
