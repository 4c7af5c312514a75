"""A send is found under the trace of its acceptance, whoever takes it further and whenever."""

from datetime import timedelta

import pytest

from shared.domain.identifiers import MessageId, TraceId
from shared.domain.outbox import EntryState
from shared.errors import Doubtful, Refused, Transient
from shared.usecases.reconcile import reconcile
from tests.unit.outbound import Outbound
from tests.unit.provided import Provided

FIRST, SECOND = TraceId("0af7651916cd43dd8448eb211c80319c"), TraceId("b7ad6b7169203331b7ad6b7169203331")


@pytest.fixture
def world() -> Outbound:
    made = Outbound()
    made.trace = FIRST
    return made


def told(world: Outbound) -> set[tuple[str, str]]:
    """What was announced about the way of a mail, and under which trace."""
    return {(event.type, event.trace) for event in world.topics.announced}


def failing(world: Outbound, call: str, error: Exception) -> None:
    def fail(name: str) -> None:
        if name == call:
            raise error

    world.sender.before = fail


def taken_up(world: Outbound, after: timedelta = timedelta(minutes=5)) -> dict[MessageId, TraceId]:
    """What the timer's run publishes by then."""
    world.clock.advance(seconds=after.total_seconds())
    world.topics.delivered.clear()
    world.topics.traces.clear()
    reconcile(world.store, world.topics, world.clock)
    return dict(world.topics.traces)


def test_an_accepted_mail_keeps_the_trace_and_is_published_under_it(world: Outbound) -> None:
    accepted = world.accept()
    assert world.entry(accepted.id).trace == FIRST
    assert world.topics.traces == {accepted.id: FIRST}


def test_the_same_key_under_another_trace_is_the_same_send_under_its_first(world: Outbound) -> None:
    accepted = world.accept()
    world.trace = SECOND
    world.accept()
    assert world.topics.traces == {accepted.id: FIRST}


def test_the_event_of_its_end_is_told_under_it(world: Outbound) -> None:
    world.send()
    assert told(world) == {("message.sent", FIRST)}


def test_the_event_of_its_failure_is_told_under_it(world: Outbound) -> None:
    failing(world, "begin", Refused("invalidArgument", "No."))
    world.send()
    assert told(world) == {("message.failed", FIRST)}


def test_one_that_nobody_took_up_is_published_by_the_timer_under_its_first_trace(world: Outbound) -> None:
    assert taken_up(world) == {}
    accepted = world.accept()
    assert taken_up(world) == {accepted.id: FIRST}


@pytest.mark.parametrize("error", [Transient("gmail: 503"), Doubtful("cut off")], ids=["put off", "in doubt"])
def test_one_that_waits_or_is_in_doubt_is_published_by_the_timer_under_its_first_trace(
    world: Outbound, error: Exception
) -> None:
    failing(world, "finish", error)
    name = world.send()
    assert world.entry(name).state in {EntryState.QUEUED, EntryState.CALLING}
    assert taken_up(world) == {name: FIRST}


def test_a_send_that_the_sync_finds_is_told_under_the_sends_own_trace(world: Outbound) -> None:
    def die(name: str) -> None:
        if name == "finish":
            raise KeyboardInterrupt

    world.sender.after = die
    with pytest.raises(KeyboardInterrupt):
        world.send()
    world.wake()
    assert told(world) == {("message.sent", FIRST)}


def test_a_retry_goes_on_under_the_trace_of_the_acceptance(world: Outbound) -> None:
    failing(world, "begin", Refused("invalidArgument", "No."))
    name = world.send()
    world.topics.traces.clear()
    world.trace = SECOND
    world.retry(name)
    assert world.topics.traces == {name: FIRST}


def test_every_recipients_end_of_a_bulk_mail_is_told_under_its_trace() -> None:
    world = Provided()
    world.trace = FIRST
    name = world.bulk(world.people(3))
    world.deliver(name)
    assert world.topics.traces == {name: FIRST}
    assert len(world.topics.announced) == 3
    assert told(world) == {("message.sent", FIRST)}


def test_the_outcome_says_which_attempt_it_was(world: Outbound) -> None:
    failing(world, "begin", Transient("gmail: 503"))
    name = world.accept().id
    attempts = [world.deliver(name).attempt]
    world.clock.advance(minutes=5)
    attempts.append(world.deliver(name).attempt)
    world.sender.before = lambda _: None
    world.clock.advance(minutes=5)
    attempts += [world.deliver(name).attempt, world.deliver(name).attempt]
    assert attempts == [1, 2, 3, 3]
