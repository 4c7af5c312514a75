"""Who has a Gmail thread that two locations see: how it is claimed, how long that holds, and what is told of it."""

import re
from collections.abc import Sequence

import pytest

from shared.domain import keys
from shared.domain.identifiers import MessageId
from shared.errors import CODES, Refused, Rejected, Transient
from shared.ports.store import Write
from shared.usecases.claims_seen import claims_seen
from tests.unit.inbound import HERE, letter
from tests.unit.outbound import CARL, USER, once
from tests.unit.two_locations import SHARED, THERE, TwoLocations

REPLY = {"subject": "Re: Question"}


@pytest.fixture
def world() -> TwoLocations:
    return TwoLocations()


def test_R42_a_claim_is_of_one_life_of_the_connection(world: TwoLocations) -> None:
    asked = world.question()
    world.accept({"reply_to": asked, **REPLY})
    assert (world.thread().claimed_by, world.thread().claim_epoch) == (HERE, world.mailbox.links[HERE].epoch)

    world.live_again(HERE)
    world.answers()
    world.accept_there({"reply_to": asked, **REPLY})

    assert world.conversation("carl-there", THERE).count("Re: Question") == 2
    assert (world.thread().claimed_by, world.thread().claim_epoch) == (THERE, 1)


def test_R75_mail_that_another_location_leaves_out_is_told_of_even_if_publishing_failed_at_first(
    world: TwoLocations,
) -> None:
    asked = world.question()
    world.accept({"reply_to": asked, **REPLY})
    failing = [Transient("topics: 503")]

    def fail(topic: str) -> None:
        if topic == "events" and failing:
            raise failing.pop()

    world.topics.before_publish = fail
    world.answers("Re: Question, again")
    world.clock.advance(minutes=5)
    world.tick()

    stored = next(one for one in world.messages() if one.subject == "Re: Question, again")
    assert f"message.stored:{HERE}:{stored.id}" in {event.id for event in world.topics.announced}


@pytest.mark.parametrize("synced_first", [False, True])
def test_R40_a_thread_that_a_crm_send_begins_is_begun_there_whoever_records_it_first(
    world: TwoLocations, synced_first: bool
) -> None:
    if synced_first:
        world.sender.after = once(Refused("gone", "the answer is lost"))
    sent = world.send()
    world.push()

    thread = world.begun(world.shown(sent))
    assert (thread.claimed_by, thread.claim_epoch, thread.begun_in) == (HERE, 1, HERE)


def test_R42_a_reply_claims_the_thread_without_having_begun_it(world: TwoLocations) -> None:
    world.send({"reply_to": world.question(), **REPLY})
    world.push()

    assert (world.thread().claimed_by, world.thread().begun_in) == (HERE, None)


def test_R42_of_two_replies_at_the_same_time_exactly_one_is_accepted(world: TwoLocations) -> None:
    asked, left = world.question(), [True]

    def meanwhile(_: Sequence[Write]) -> None:
        if left.pop() if left else False:
            world.accept_there({"reply_to": asked, **REPLY})

    world.store.before_commit = meanwhile
    with pytest.raises(Rejected) as refused:
        world.accept({"reply_to": asked, **REPLY})

    assert refused.value.code == "thread_claimed"
    assert world.thread().claimed_by == THERE
    assert world.topics.delivered == [world.entry_there()]
    assert world.used() == 1


def test_R42_who_is_refused_is_told_what_to_do_and_not_which_location_it_is(world: TwoLocations) -> None:
    asked = world.question()
    world.accept_there({"reply_to": asked, **REPLY})

    with pytest.raises(Rejected) as refused:
        world.accept({"reply_to": asked, **REPLY})

    assert "Another location has" in refused.value.message
    told = f"{refused.value.message} {refused.value.action} {refused.value.details} {CODES['thread_claimed'][1]}"
    assert "move or release" in told
    assert not {str(THERE), str(HERE)} & set(re.findall(r"\w+", told))


@pytest.mark.parametrize("multi_location", ["mirror_until_reply", "mirror_always"])
def test_R42_a_second_location_may_not_reply_even_if_it_goes_on_seeing_the_thread(
    world: TwoLocations, multi_location: str
) -> None:
    world.policy(location=THERE, multi_location=multi_location)
    asked = world.question()
    world.send({"reply_to": asked, **REPLY})
    world.answers()

    mirrors = multi_location == "mirror_always"
    assert ("Re: Question" in world.conversation("carl-there", THERE)) is mirrors
    with pytest.raises(Rejected, match="thread_claimed"):
        world.accept_there({"reply_to": asked, **REPLY})


def test_R40_a_mirror_sees_nothing_of_what_began_in_another_locations_crm(world: TwoLocations) -> None:
    world.policy(location=THERE, multi_location="mirror_always")
    began = world.send()

    world.answers("Re: An offer", world.source(world.shown(began)).thread_id)

    assert "Re: An offer" in world.conversation("carl")
    assert world.conversation("carl-there", THERE) == []


def test_R42_a_claim_is_firm_once_any_reply_of_its_location_went_out(world: TwoLocations) -> None:
    asked = world.question()
    first = world.accept({"reply_to": asked, **REPLY})
    world.send({"reply_to": asked, **REPLY}, key="key-2")

    world.sender.before = once(Refused("invalidArgument", "no"))
    world.deliver(first.id)

    assert world.thread().claimed_by == HERE


def failed_reply(world: TwoLocations) -> MessageId:
    """Carl's question, with an answer that the store believes to have failed, although Gmail has it."""
    asked = world.question()
    world.sender.after = once(Refused("invalidArgument", "no"))
    world.send({"reply_to": asked, **REPLY})
    assert world.thread().claimed_by is None
    return asked


def test_R42_a_reply_that_was_sent_after_all_has_its_claim_again(world: TwoLocations) -> None:
    failed_reply(world)
    world.topics.announced.clear()

    world.push()

    assert (world.thread().claimed_by, world.thread().begun_in) == (HERE, None)
    assert world.told("thread.claimed") == [("here", "carl", "here"), ("there", "carl-there", "elsewhere")]


def test_R42_but_not_if_another_location_has_the_thread_by_then(world: TwoLocations) -> None:
    asked = failed_reply(world)
    world.accept_there({"reply_to": asked, **REPLY})

    world.push()

    assert world.thread().claimed_by == THERE


def test_R39_a_mail_of_a_former_life_claims_nothing_in_the_next_one(world: TwoLocations) -> None:
    sent = world.accept()
    world.sender.after = once(Refused("invalidArgument", "no"))
    world.deliver(sent.id)
    world.clock.advance(minutes=1)
    world.live_again(HERE)

    world.push()

    (source,) = world.shown(sent.id).sources.values()
    assert world.thread(source.thread_id).claimed_by is None


def test_R75_every_location_that_has_the_thread_is_told_who_has_it_and_none_which_other(world: TwoLocations) -> None:
    world.send({"reply_to": world.question(), **REPLY})

    assert world.told("thread.claimed") == [("here", "carl", "here"), ("there", "carl-there", "elsewhere")]
    told = [event for event in world.topics.announced if event.type == "thread.claimed"]
    assert not [event for event in told if SHARED in event.id or world.mailbox_id in event.id]


def test_R75_a_claim_that_failed_is_told_as_released_and_again_when_it_is_asked_for_again(world: TwoLocations) -> None:
    world.sender.before = once(Refused("invalidArgument", "no"))
    failed = world.send({"reply_to": world.question(), **REPLY})
    assert world.told("thread.released") == [("here", "carl", None), ("there", "carl-there", None)]

    before = [event.id for event in world.topics.announced]
    world.topics.announced.clear()
    world.deliver(failed)

    assert {event.id for event in world.topics.announced} <= set(before)
    assert world.told("thread.released") == [("here", "carl", None), ("there", "carl-there", None)]


def test_R75_each_claim_has_events_of_its_own(world: TwoLocations) -> None:
    world.sender.before = once(Refused("invalidArgument", "no"))
    failed = world.send({"reply_to": world.question(), **REPLY})
    world.sender.before = lambda _: None
    world.retry(failed)
    world.deliver(failed)

    claimed = {event.id for event in world.topics.announced if event.type == "thread.claimed"}
    assert len(claimed) == 4


def test_R36_a_location_without_the_mailbox_is_told_nothing_of_its_threads(world: TwoLocations) -> None:
    asked = world.question()
    world.unlink(THERE)
    world.send({"reply_to": asked, **REPLY})

    assert world.told("thread.claimed") == [("here", "carl", "here")]


def test_a_claim_that_older_code_wrote_holds_while_the_location_has_the_mailbox(world: TwoLocations) -> None:
    asked = world.question()
    world.accept({"reply_to": asked, **REPLY})
    world.store.documents[f"mailboxes/{world.mailbox_id}/threads/{SHARED}"][0].pop("claim_epoch")

    with pytest.raises(Rejected, match="thread_claimed"):
        world.accept_there({"reply_to": asked, **REPLY})


@pytest.mark.parametrize("began", ["crm", "contact"])
def test_R40_R42_an_answer_under_another_subject_stays_with_the_location_that_has_the_thread(
    world: TwoLocations, began: str
) -> None:
    if began == "crm":
        sent = world.shown(world.send())
    else:
        sent = world.shown(world.send({"reply_to": world.question(), **REPLY}))
    world.push()
    world.clock.advance(minutes=1)

    world.gmail.deliver(letter(CARL, subject="Something else", In_Reply_To=world.shown(sent.id).message_id or ""))
    world.push()

    assert "Something else" in world.conversation("carl")
    assert "Something else" not in world.conversation("carl-there", THERE)
    (other,) = (message for message in world.messages() if message.subject == "Something else")
    before, after = world.begun(sent), world.begun(other)
    assert (after.claimed_by, after.claim_epoch, after.begun_in) == (HERE, 1, before.begun_in)


def test_R35_who_merely_quotes_a_mail_of_a_claimed_thread_is_not_taken_for_its_answer(world: TwoLocations) -> None:
    world.contact("dora-there", "dora@customer.example", THERE)
    sent = world.shown(world.send())
    world.push()
    world.clock.advance(minutes=1)

    world.gmail.deliver(letter("dora@customer.example", subject="Hi", In_Reply_To=sent.message_id or ""))
    world.push()

    assert world.conversation("dora-there", THERE) == ["Hi"]


@pytest.mark.parametrize(("shared", "reads"), [(False, 1), (True, 2)])
def test_R42_threads_are_read_only_where_another_location_may_have_them(
    world: TwoLocations, shared: bool, reads: int
) -> None:
    message = world.message(world.question())
    place = world.store.read(keys.location(HERE)).value(keys.location(HERE))
    assert message
    assert place
    if not shared:
        world.unlink(THERE)
    before = world.store.operations["reads"]
    claims_seen([message], place, reader=USER, store=world.store)
    assert world.store.operations["reads"] - before == reads
