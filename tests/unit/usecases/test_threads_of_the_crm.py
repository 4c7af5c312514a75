"""R40: a thread that the CRM begins belongs to the location that began it, as long as that uses the mailbox."""

import pytest

from shared.domain.identifiers import LocationId, MessageId
from tests.unit.inbound import HERE, letter
from tests.unit.outbound import CARL, Outbound

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


def test_R41_a_thread_that_both_locations_have_seen_is_not_taken_from_either(world: Outbound) -> None:
    world.gmail.deliver(letter(CARL, subject="Question", Message_ID="<q@customer.example>"), thread="t-shared")
    world.push()
    (question,) = (message for message in world.messages() if message.subject == "Question")

    answer = world.send({"reply_to": question.id, "subject": "Re: Question"})
    replies(world, answer, "Re: Question")

    assert sorted(world.conversation("carl")) == ["Question", "Re: Question", "Re: Question"]
    assert sorted(world.conversation("carl-there", THERE)) == ["Question", "Re: Question"]
