"""Answers to mail that went through the provider, in a mailbox that two locations share (R11, R40)."""

import pytest

from shared.domain.identifiers import ThreadId
from tests.unit.inbound import ADA, letter
from tests.unit.outbound import CARL, USER
from tests.unit.provided import CRM
from tests.unit.two_locations import THERE, TwoLocations

FRESH = ThreadId("t-fresh")


@pytest.fixture
def world() -> TwoLocations:
    return TwoLocations()


def sent(world: TwoLocations, kind: str) -> str:
    """A mail from `here` through the provider, answers to which go to Ada's mailbox; its Message-ID."""
    user = CRM if kind == "bulk" else USER
    name = world.accept({"kind": kind, "from": ADA}, user=user, service=user == CRM).id
    world.deliver(name)
    message_id = world.shown(name).message_id
    assert message_id
    return message_id


def answered(world: TwoLocations, message_id: str, sender: str = CARL, subject: str = "Re: An offer") -> None:
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(sender, subject=subject, In_Reply_To=message_id), thread=FRESH)
    world.push()


@pytest.mark.parametrize("kind", ["bulk", "workflow"])
@pytest.mark.parametrize("mirrors", ["mirror_until_reply", "mirror_always"])
def test_R40_an_answer_to_provider_mail_and_all_that_follows_shows_only_where_that_mail_began(
    world: TwoLocations, kind: str, mirrors: str
) -> None:
    world.policy(location=THERE, multi_location=mirrors)
    message_id = sent(world, kind)

    answered(world, message_id)
    answered(world, "<something.else@customer.example>", subject="One more thing")

    assert sorted(world.conversation("carl")) == ["An offer", "One more thing", "Re: An offer"]
    assert world.conversation("carl-there", THERE) == []


def test_R42_the_answer_to_a_providers_reply_claims_the_mirrored_thread_that_it_is_in(world: TwoLocations) -> None:
    asked = world.question()
    name = world.accept({"kind": "workflow", "reply_to": asked, "subject": "", "from": ADA}, user=CRM, service=True).id
    world.deliver(name)
    message_id = world.shown(name).message_id
    assert message_id
    thread = world.shown(asked).sources[world.mailbox_id].thread_id
    before = list(world.conversation("carl-there", THERE))

    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(CARL, subject="Re: Answer", In_Reply_To=message_id), thread=thread)
    world.push()

    assert "Re: Answer" in world.conversation("carl")
    assert world.conversation("carl-there", THERE) == before


def test_R40_who_was_not_written_to_cannot_keep_a_mail_from_the_other_location(world: TwoLocations) -> None:
    message_id = sent(world, "workflow")
    world.contact("dora", "dora@customer.example", THERE)

    answered(world, message_id, "dora@customer.example")

    assert world.conversation("dora", THERE) == ["Re: An offer"]


def test_R41_a_mail_that_answers_nothing_shows_in_both(world: TwoLocations) -> None:
    sent(world, "bulk")

    answered(world, "<something.else@customer.example>")

    assert world.conversation("carl-there", THERE) == ["Re: An offer"]
