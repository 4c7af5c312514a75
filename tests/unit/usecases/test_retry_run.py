"""Sending again what went through the provider: only to who did not get it (R55, R56)."""

from contextlib import suppress

import pytest

from shared.domain.identifiers import MessageId
from shared.domain.message import Status
from shared.domain.outbox import EntryState
from shared.errors import Refused, Rejected
from tests.unit.provided import CRM, Provided


class KilledError(BaseException):
    """The worker is no more."""


@pytest.fixture
def world() -> Provided:
    return Provided()


def c(at: int) -> str:
    return f"c{at}@customer.example"


def message_of(world: Provided, name: MessageId, address: str) -> MessageId:
    (row,) = (row for row in world.rows(name) if row.address == address)
    assert row.message
    return row.message


def partly_failed(world: Provided) -> MessageId:
    """c0 has it, c1 and c2 were refused, of c3 nobody knows."""
    name = world.bulk(world.people(4))
    world.fault("rcpt", status=550, recipient=c(1), times=1)
    world.fault("rcpt", status=550, recipient=c(2), times=1)
    world.fault("end", drop="before", recipient=c(3), times=1)
    world.deliver(name)
    assert list(world.statuses(name).values()) == ["sent", "failed", "failed", "unknown"]
    return name


def test_R56_a_retry_of_the_run_sends_to_those_alone_whom_it_failed_for(world: Provided) -> None:
    name = partly_failed(world)

    world.retry(name, user=CRM)
    assert world.shown(message_of(world, name, c(1))).status is Status.QUEUED
    world.deliver(name)

    assert world.reached() == [c(0), c(1), c(2)]
    assert list(world.statuses(name).values()) == ["sent", "sent", "sent", "unknown"]
    assert world.entry(name).state is EntryState.UNKNOWN
    assert world.shown(message_of(world, name, c(1))).failure is None


def test_R56_one_recipients_own_message_can_be_retried_alone(world: Provided) -> None:
    name = partly_failed(world)

    world.retry(message_of(world, name, c(2)), user=CRM)
    world.deliver(name)

    assert world.reached() == [c(0), c(2)]
    assert list(world.statuses(name).values()) == ["sent", "failed", "sent", "unknown"]


def test_R55_the_user_may_say_that_an_unknown_one_was_sent(world: Provided) -> None:
    name = partly_failed(world)
    doubtful = message_of(world, name, c(3))

    world.retry(doubtful, was_sent=True, user=CRM)
    world.deliver(name)

    assert (world.shown(doubtful).status, c(3) in world.reached()) == (Status.SENT, False)
    assert ("message.sent", "c3") in world.types()


def test_R55_the_user_may_send_an_unknown_one_again(world: Provided) -> None:
    name = partly_failed(world)

    world.retry(name, was_sent=False, user=CRM)
    world.deliver(name)

    assert world.reached() == [c(0), c(3)]
    assert world.entry(name).state is EntryState.FAILED


@pytest.mark.parametrize("was_sent", [True, False])
def test_R55_what_the_user_says_of_the_first_recipients_mail_settles_no_other_doubt(
    world: Provided, *, was_sent: bool
) -> None:
    name = world.bulk(world.people(2))
    world.fault("end", drop="after", recipient=c(0), times=1)
    world.fault("end", drop="after", recipient=c(1), times=1)
    world.deliver(name)

    world.retry(name, was_sent, user=CRM)
    world.deliver(name)

    assert world.statuses(name) == {c(0): "sent", c(1): "unknown"}
    assert world.reached().count(c(1)) == 1
    world.retry(name, was_sent, user=CRM)
    world.deliver(name)
    assert set(world.statuses(name).values()) == {"sent"}


def test_R56_what_failed_again_tells_so_again(world: Provided) -> None:
    name = world.bulk(world.people(1))
    world.fault("rcpt", status=550)
    world.deliver(name)

    world.retry(name, user=CRM)
    world.deliver(name)

    ids = [event.id for event in world.topics.announced]
    assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize("was_sent", [None, True, False])
def test_R56_what_was_sent_or_is_on_its_way_cannot_be_retried(world: Provided, was_sent: bool | None) -> None:
    name = world.bulk(world.people(2))
    with pytest.raises(Rejected, match="not_retryable"):
        world.retry(name, was_sent, user=CRM)
    world.deliver(name)

    with pytest.raises(Rejected, match="not_retryable"):
        world.retry(name, was_sent, user=CRM)

    assert len(world.reached()) == 2


def test_R56_only_whoever_sent_it_may_retry_it(world: Provided) -> None:
    name = partly_failed(world)

    with pytest.raises(Rejected, match="forbidden"):
        world.retry(message_of(world, name, c(1)))


def test_R56_a_retry_that_died_half_way_is_finished_by_the_next(world: Provided) -> None:
    name = world.bulk(world.people(3))
    world.provider.closed = Refused("password", "no")
    world.deliver(name)
    world.provider.closed = None
    left = [2]

    def kill(writes: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            world.store.before_commit = lambda _: None
            raise KilledError

    world.store.before_commit = kill
    with pytest.raises(KilledError):
        world.retry(name, user=CRM)

    world.retry(name, user=CRM)
    world.deliver(name)

    assert world.reached() == [c(0), c(1), c(2)]


@pytest.mark.parametrize("commits", range(5))
def test_R56_a_retry_that_died_is_finished_by_itself(world: Provided, commits: int) -> None:
    name = world.bulk(world.people(3))
    world.provider.closed = Refused("password", "no")
    world.deliver(name)
    world.provider.closed = None
    world.clock.advance(minutes=3 * 24 * 60)
    left = [commits]

    def kill(writes: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            world.store.before_commit = lambda _: None
            raise KilledError

    world.store.before_commit = kill
    with pytest.raises(KilledError):
        world.retry(name, user=CRM)
    begun = {row.address for row in world.rows(name) if row.status is Status.QUEUED}

    world.drain(10, syncing=False)

    assert set(world.reached()) == begun
    assert all(world.statuses(name)[one] == "sent" for one in begun)
    assert "queued" not in world.statuses(name).values()


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("commits", range(6))
def test_R55_two_retries_at_once_send_to_nobody_twice(world: Provided, commits: int, *, delivered: bool) -> None:
    name = partly_failed(world)
    outer, left = message_of(world, name, c(2)), [commits]

    def intrude(writes: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            world.store.before_commit = lambda _: None
            with suppress(Rejected):
                world.retry(name, user=CRM)
            if delivered:
                world.deliver(name)

    world.store.before_commit = intrude
    with suppress(Rejected):
        world.retry(outer, user=CRM)
    world.store.before_commit = lambda _: None
    world.drain(20, syncing=False)

    assert world.reached().count(c(2)) == 1
    assert world.reached().count(c(1)) <= 1
    assert world.statuses(name)[c(1)] in {"sent", "failed"}
    assert world.statuses(name)[c(2)] == "sent"


def test_R56_a_workflow_mail_is_sent_again_only_to_who_was_refused(world: Provided) -> None:
    accepted = world.accept({"kind": "workflow", "to": world.people(3)}, user=CRM, service=True)
    world.fault("rcpt", status=550, recipient=c(1), times=1)
    world.deliver(accepted.id)

    world.retry(accepted.id, user=CRM)
    world.deliver(accepted.id)

    assert [one.rcpt_to for one in world.provider.taken] == [(c(0), c(2)), (c(1),)]
    assert world.shown(accepted.id).status is Status.SENT


def test_the_ledger_comes_in_pages(world: Provided) -> None:
    everybody = [{"address": f"p{at:03}@customer.example"} for at in range(250)]
    name = world.bulk([*world.people(1), *everybody])
    world.deliver(name)

    seen = [row.address for start in (0, 90, 180) for row in world.rows(name, start=start, limit=90)]

    assert seen == [c(0), *(one["address"] for one in everybody)]


def test_the_ledger_of_a_gmail_send_is_its_message_for_each_recipient(world: Provided) -> None:
    name = world.send({"cc": [{"address": "dora@customer.example"}]})

    rows = world.rows(name)

    assert [(row.address, row.status, row.message) for row in rows] == [
        ("carl@customer.example", "sent", name),
        ("dora@customer.example", "sent", name),
    ]
