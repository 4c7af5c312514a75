"""Sends that are repeated, refused, at the limit, met by the sync first, or whose copy the user deletes at once."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.domain import keys
from shared.domain.identifiers import ThreadId
from shared.domain.message import KnownMail
from shared.errors import GrantLost, Refused, Rejected, Remedy, Transient
from shared.ports.store import Put, Write
from tests.unit.inbound import letter
from tests.unit.outbound import CARL, Outbound
from tests.unit.two_locations import TwoLocations

SALES = "sales@agency.example"


class Dies(BaseException):
    """The process is gone."""


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def raises_once(world: Outbound, at: str, error: BaseException, *, after: bool = False) -> None:
    left = [error]

    def strike(call: str) -> None:
        if call == at and left:
            raise left.pop()

    setattr(world.sender, "after" if after else "before", strike)


@pytest.mark.parametrize("wait", [timedelta(), timedelta(hours=23), timedelta(days=30)])
def test_f51_a_repeated_send_is_the_same_mail_with_the_same_answer_however_late_it_comes(
    world: Outbound, wait: timedelta
) -> None:
    name = world.send()
    first = world.accept()
    world.clock.advance(seconds=wait.total_seconds())
    assert world.accept() == first
    assert first.id == name
    for changed in ({"subject": "Another"}, {"text": "Another"}, {"to": [{"address": CARL, "name": "Carl"}]}):
        with pytest.raises(Rejected) as refused:
            world.accept(changed)
        assert refused.value.code == "idempotency_key_reused"
    world.drain(5)
    assert len(world.sent()) == len(world.messages()) == 1


def test_f51_the_same_send_from_two_instances_at_once_is_one_mail(world: Outbound) -> None:
    """The second one decides and commits while the first one is about to."""
    answers = []

    def second(_writes: Sequence[Write]) -> None:
        world.store.before_commit = lambda _: None
        answers.append(world.accept())

    world.store.before_commit = second
    assert world.accept() == answers[0]
    assert world.used() == len(world.messages()) == 1
    world.drain(3)
    assert len(world.sent()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(3))
def test_f52_a_process_that_dies_at_any_commit_of_an_acceptance_makes_one_mail_or_none(
    world: Outbound, number: int, when: str
) -> None:
    """Its client never hears of it and asks again, as clients do."""
    commits = itertools.count()

    def die(_writes: Sequence[Write]) -> None:
        if next(commits) == number:
            raise Dies

    setattr(world.store, f"{when}_commit", die)
    try:
        world.accept()
    except Dies:
        world.topics.delivered.clear()
    setattr(world.store, f"{when}_commit", lambda _: None)
    again = world.accept()
    world.drain(5)
    assert world.shown(again.id).status == "sent"
    assert (len(world.sent()), world.used(), len(world.messages())) == (1, 1, 1)


@pytest.mark.parametrize("named", [timedelta(hours=3), None])
def test_f54_what_gmail_takes_no_more_waits_with_its_time_and_is_no_sent_mail(
    world: Outbound, named: timedelta | None
) -> None:
    until = world.clock.now() + named if named else None
    raises_once(world, "finish", Transient("gmail: rate limit", retry_at=until))
    name = world.send()
    shown = world.shown(name)
    assert shown.status == "queued"
    retry_at = shown.failure.retry_at if shown.failure else None
    assert retry_at == until
    assert world.sent() == []
    assert "message.sent" not in [one.type for one in world.topics.announced]
    world.drain(5 * 60)
    assert world.shown(name).status == "sent"
    assert (len(world.sent()), world.used()) == (1, 1)


@pytest.mark.parametrize(("used", "room"), [(498, 2), (499, 1), (500, 0), (501, 0)])
def test_f55_at_the_limit_two_locations_together_get_exactly_what_is_left(used: int, room: int) -> None:
    """Each acceptance meets another one, of the other location, that commits just before it."""
    world = TwoLocations()
    bucket = str(int(world.clock.now().timestamp()) // 300)
    world.change_mailbox(sent={bucket: used})
    outcomes: list[str] = []

    def tried(key: str, *, there: bool) -> None:
        try:
            world.accept_there(key=key) if there else world.accept(key=key)
        except Rejected as refused:
            outcomes.append(refused.code)
        else:
            outcomes.append("accepted")

    for number in range(3):

        def other(_writes: Sequence[Write], number: int = number) -> None:
            world.store.before_commit = lambda _: None
            tried(f"there-{number}", there=True)

        world.store.before_commit = other
        tried(f"here-{number}", there=False)
        world.store.before_commit = lambda _: None
        tried(f"late-{number}", there=True)
    assert outcomes.count("accepted") == room
    assert {*outcomes} <= {"accepted", "daily_limit_reached"}
    assert world.used() == used + room
    world.clock.advance(hours=24, minutes=5)
    assert world.accept(key="tomorrow").id
    assert world.used() == 1


def test_f55_a_mail_to_many_counts_once_as_gmail_counts_it(world: Outbound) -> None:
    people = [{"address": f"p{number}@customer.example"} for number in range(50)]
    world.send({"to": [{"address": CARL}, *people]})
    assert world.used() == 1


@pytest.mark.parametrize("reason", ["invalidArgument", "Invalid To header", "uploadTooLarge", "failedPrecondition"])
def test_f56_a_mail_that_is_refused_for_good_says_so_and_is_tried_no_more(world: Outbound, reason: str) -> None:
    calls = itertools.count()

    def refuse(call: str) -> None:
        if call == "finish":
            next(calls)
            raise Refused(reason, "Gmail refused the request (400).")

    world.sender.before = refuse
    name = world.send()
    world.drain(120)
    shown = world.shown(name)
    assert shown.status == "failed"
    assert shown.failure
    assert shown.failure.message
    assert shown.failure.action
    assert next(calls) == 1
    assert (world.used(), world.sent()) == (0, [])


def test_f56_the_thread_of_another_mailbox_is_never_named_to_this_one() -> None:
    """Carl's mail is known from another user's mailbox alone, whose thread may have any other's number here."""
    world = Outbound()
    world.gmail.deliver(letter(CARL, subject="Question", Message_ID="<q@customer.example>"), thread="t-9")
    world.push()
    (question,) = world.messages()
    (source,) = question.sources.values()
    name, foreign = next(iter(question.sources)), "mailbox-of-zoe"
    made = world.store.documents[keys.message(next(iter(world.mailbox.links)), question.id).path][0]
    made["sources"] = {foreign: made["sources"].pop(name)}
    known = KnownMail(world.mailbox_id, source.gmail_id, ThreadId("t-9"))
    world.store.commit([Put(keys.known_mail(world.mailbox_id, source.gmail_id), known)])
    answer = world.send({"reply_to": question.id, "subject": "Re: Question"})
    assert world.shown(answer).status == "sent"
    assert [one.thread for one in world.sender.sessions.values()] == [""]


@pytest.mark.parametrize("at", ["begin", "finish"])
def test_f57_a_grant_that_ends_at_a_send_keeps_the_mail_and_sends_it_no_other_way(world: Outbound, at: str) -> None:
    raises_once(world, at, GrantLost(Remedy.RECONNECT, "invalid_grant"))
    name = world.send()
    world.drain(120)
    shown = world.shown(name)
    assert shown.status == "failed"
    assert shown.failure
    assert shown.failure.code == "reauth_required"
    assert shown.body.text
    assert (world.provider.taken, world.sent()) == ([], [])
    assert [one.type for one in world.topics.announced].count("connection.reauth_required") == 1
    with pytest.raises(GrantLost):
        world.accept(key="another")
    assert world.provider.opened == []
