"""A mail on its way through the provider: each recipient once, whatever breaks (F60, F61)."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.adapters.smtp.providers import CONNECT_SECONDS
from shared.adapters.smtp.session import CALL_SECONDS
from shared.domain import keys
from shared.domain.message import Status
from shared.domain.outbox import EntryState
from shared.errors import Conflict, Refused, Rejected, Transient
from shared.ports.store import Delete, Put
from shared.usecases.deliver_run import LEASE, RENEW_AFTER
from shared.usecases.hand_over import AT_ONCE
from tests.unit.inbound import HERE
from tests.unit.outbound import CARL
from tests.unit.provided import BEN, CRM, Provided


class KilledError(BaseException):
    """The worker is no more."""


@pytest.fixture
def world() -> Provided:
    return Provided()


def c(at: int) -> str:
    return f"c{at}@customer.example"


def killed_at(world: Provided, number: int, *, after: bool) -> None:
    """The worker dies around its commit of that number."""
    left = [number]

    def kill(writes: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            world.store.before_commit = world.store.after_commit = lambda _: None
            raise KilledError

    if after:
        world.store.after_commit = kill
    else:
        world.store.before_commit = kill


def test_F60_a_recipient_who_is_refused_has_failed_with_the_reason_and_the_others_have_the_mail(
    world: Provided,
) -> None:
    name = world.bulk(world.people(3))
    world.fault("rcpt", status=550, text="5.1.1 no such user", recipient=c(1))

    world.deliver(name)

    rows = {row.address: row for row in world.rows(name)}
    assert world.statuses(name) == {c(0): "sent", c(1): "failed", c(2): "sent"}
    failure = rows[c(1)].failure  # type: ignore[index]
    message = rows[c(1)].message  # type: ignore[index]
    assert failure
    assert failure.code == "recipient_refused"
    assert failure.message == "There is no such address. (550 5.1.1 no such user)"
    assert message
    assert (world.shown(message).status, world.shown(message).failure) == (Status.FAILED, failure)
    assert world.entry(name).state is EntryState.FAILED
    assert world.types() == [("message.sent", "c0"), ("message.failed", "c1"), ("message.sent", "c2")]


def test_F60_a_greylisted_recipient_waits_and_gets_it_later(world: Provided) -> None:
    name = world.bulk(world.people(2))
    world.fault("rcpt", status=451, recipient=c(0), times=2)

    world.deliver(name)
    waiting = world.shown(name)
    world.drain(10)

    assert waiting.status is Status.QUEUED
    assert waiting.failure
    assert (waiting.failure.code, waiting.failure.retry_at is not None) == ("provider_busy", True)
    assert world.statuses(name) == {c(0): "sent", c(1): "sent"}
    assert sorted(world.reached()) == [c(0), c(1)]
    assert (world.shown(name).failure, world.entry(name).state) == (None, EntryState.SENT)


def test_R75_what_became_of_the_others_is_told_once_however_often_one_is_put_off(world: Provided) -> None:
    name = world.bulk(world.people(3))
    world.fault("rcpt", status=451, recipient=c(1), times=5)

    world.deliver(name)
    world.drain(60, syncing=False)

    assert world.types() == [("message.sent", "c0"), ("message.sent", "c2"), ("message.sent", "c1")]


def test_R75_who_got_it_is_told_even_if_the_provider_goes_then(world: Provided) -> None:
    name = world.bulk(world.people(5))
    world.fault("rcpt", drop="before", after=2, times=1_000)

    world.deliver(name)

    assert world.types() == [("message.sent", "c0"), ("message.sent", "c1")]


def test_F60_who_is_put_off_for_a_day_has_failed(world: Provided) -> None:
    name = world.bulk(world.people(1))
    world.fault("rcpt", status=451)

    world.deliver(name)
    world.drain(25 * 60, syncing=False)

    assert world.statuses(name) == {c(0): "failed"}
    assert world.entry(name).state is EntryState.FAILED
    assert len(world.provider.opened) < 50


@pytest.mark.parametrize(("drop", "copies"), [("before", 0), ("after", 1)])
def test_F60_an_answer_that_is_lost_after_the_final_dot_is_unknown_and_never_sent_again_by_itself(
    world: Provided, drop: str, copies: int
) -> None:
    name = world.bulk(world.people(3))
    world.fault("end", drop=drop, recipient=c(1), times=1)

    world.deliver(name)
    world.drain(120, syncing=False)

    assert world.statuses(name) == {c(0): "sent", c(1): "unknown", c(2): "sent"}
    assert world.reached().count(c(1)) == copies
    assert world.entry(name).state is EntryState.UNKNOWN
    assert ("message.unknown", "c1") in world.types()


def test_F60_a_session_that_breaks_between_two_recipients_is_opened_again(world: Provided) -> None:
    name = world.bulk(world.people(5))
    world.fault("rcpt", drop="before", recipient=c(2), times=1)

    world.deliver(name)

    assert world.reached() == [c(at) for at in range(5)]
    assert len(world.provider.opened) == 2
    assert set(world.statuses(name).values()) == {"sent"}


def test_F60_a_provider_that_breaks_again_and_again_lets_the_run_wait_and_go_on_later(world: Provided) -> None:
    name = world.bulk(world.people(5))
    world.fault("rcpt", drop="before", after=1, times=6)

    outcome = world.deliver(name)

    assert (outcome.state, outcome.reason) == (EntryState.QUEUED, "provider_busy")
    world.drain(30, syncing=False)
    assert sorted(world.reached()) == [c(at) for at in range(5)]
    assert world.entry(name).state is EntryState.SENT


def test_F60_a_provider_that_cannot_be_reached_keeps_the_mail_queued_with_a_sentence(world: Provided) -> None:
    name = world.bulk(world.people(2))
    world.provider.closed = Transient("provider: TimeoutError")

    world.deliver(name)

    shown = world.shown(name)
    assert shown.failure
    assert (shown.status, shown.failure.code) == (Status.QUEUED, "provider_busy")
    world.provider.closed = None
    world.drain(5, syncing=False)
    assert sorted(world.reached()) == [c(0), c(1)]


@pytest.mark.parametrize(
    ("reason", "word"), [("tls", "TLS"), ("no_tls", "STARTTLS"), ("password", "password"), ("sender", "sender")]
)
def test_F60_a_provider_that_refuses_us_fails_the_whole_run_with_a_clear_sentence(
    world: Provided, reason: str, word: str
) -> None:
    name = world.bulk(world.people(2))
    world.provider.closed = Refused(reason, "refused")

    world.deliver(name)

    assert world.statuses(name) == {c(0): "failed", c(1): "failed"}
    for row in world.rows(name):
        assert row.failure
        assert (row.failure.code, word in row.failure.message) == ("provider_refused", True)
        assert row.message
        assert world.shown(row.message).status is Status.FAILED
    assert world.reached() == []


def test_F60_a_sender_who_is_refused_in_the_midst_fails_the_rest_only(world: Provided) -> None:
    name = world.bulk(world.people(3))
    world.fault("mail", status=553, after=1)

    world.deliver(name)

    assert world.statuses(name) == {c(0): "sent", c(1): "failed", c(2): "failed"}


def test_F60_a_location_whose_provider_is_gone_fails_visibly(world: Provided) -> None:
    name = world.bulk(world.people(1))
    world.delivery = type(world.delivery)(
        *(getattr(world.delivery, one) for one in ("store", "topics", "blobs", "gmail", "sealer", "patience"))
    )

    world.deliver(name)

    failure = world.shown(name).failure
    assert failure
    assert failure.code == "no_provider"


def test_R56_a_mail_whose_provider_was_replaced_goes_out_from_no_other_address(world: Provided) -> None:
    world.own_provider()
    name = world.bulk(world.people(2))
    key = keys.location(HERE)
    place = world.store.read(key).value(key)
    assert place
    world.store.commit([Put(key, replace(place, provider=None))])

    world.deliver(name)

    assert world.reached() == []
    failure = world.shown(name).failure
    assert failure
    assert (failure.code, failure.action) == ("no_provider", "Write the mail again.")
    world.own_provider()
    world.retry(name, user=CRM)
    world.deliver(name)
    assert [one.mail_from for one in world.provider.taken] == ["hello@own.example"] * 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(10))
def test_F61_a_run_that_is_killed_at_any_commit_reaches_everybody_at_most_once_and_all_but_one_exactly_once(
    world: Provided, number: int, *, after: bool
) -> None:
    name = world.bulk(world.people(4))
    killed_at(world, number, after=after)
    with pytest.raises(KilledError):
        world.deliver(name)
    world.clock.advance(minutes=10)
    world.deliver(name)
    world.drain(120, syncing=False)

    assert len(world.reached()) == len(set(world.reached())), "nobody gets it twice"
    statuses = world.statuses(name)
    doubtful = [one for one, status in statuses.items() if status == "unknown"]
    assert len(doubtful) <= 1
    assert all(one in world.reached() for one, status in statuses.items() if status == "sent")
    assert {status for one, status in statuses.items() if one not in doubtful} == {"sent"}
    assert world.entry(name).state is (EntryState.UNKNOWN if doubtful else EntryState.SENT)
    told = {str(event.details["message"]) for event in world.topics.announced}
    assert told == {str(row.message) for row in world.rows(name)}


def test_F61_a_run_killed_at_recipient_k_goes_on_at_k_plus_1_and_k_is_unknown(world: Provided) -> None:
    name = world.bulk(world.people(5))

    def die(recipients: object) -> None:
        if recipients == [c(2)]:
            raise KilledError

    world.provider.before = die
    with pytest.raises(KilledError):
        world.deliver(name)
    assert world.statuses(name)[c(2)] == "sending"
    world.provider.before = lambda _: None

    assert world.deliver(name).reason == "with another worker"
    world.clock.advance(minutes=5)
    world.deliver(name)

    assert world.reached() == [c(0), c(1), c(3), c(4)]
    assert world.statuses(name)[c(2)] == "unknown"


def test_F61_two_workers_at_once_hand_nothing_over_twice(world: Provided) -> None:
    name = world.bulk(world.people(4))

    def intrude(recipients: object) -> None:
        if recipients == [c(1)]:
            world.provider.before = lambda _: None
            world.clock.advance(minutes=5)
            world.deliver(name)

    world.provider.before = intrude

    outcome = world.deliver(name)

    assert outcome.reason == "with another worker"
    assert sorted(world.reached()) == [c(at) for at in range(4)]
    assert world.statuses(name)[c(1)] == "sent", "what the server said counts"


def test_F61_a_run_that_is_longer_than_its_time_hands_itself_off_and_is_finished_by_the_next(world: Provided) -> None:
    name = world.bulk(world.people(6))
    world.provider.before = lambda _: world.clock.advance(seconds=35)
    runs = 0
    world.topics.delivered.clear()

    while world.entry(name).state is not EntryState.SENT:
        world.deliver(name)
        runs += 1

    assert runs == 2
    assert world.topics.delivered == [name]
    assert world.reached() == [c(at) for at in range(6)]


def test_F61_a_run_may_take_as_many_hand_offs_as_it_has_recipients(world: Provided) -> None:
    name = world.bulk(world.people(60))
    world.provider.before = lambda _: world.clock.advance(seconds=130)

    for _ in range(61):
        world.deliver(name)

    assert world.entry(name).state is EntryState.SENT
    assert len(world.reached()) == len(set(world.reached())) == 60


def test_F61_told_ten_times_it_is_sent_once(world: Provided) -> None:
    name = world.bulk(world.people(2))

    for _ in range(10):
        world.deliver(name)

    assert world.reached() == [c(0), c(1)]


def test_F60_a_write_that_conflicts_during_the_call_is_made_all_the_same(world: Provided) -> None:
    name = world.bulk(world.people(1))
    seen = [0]

    def conflict(writes: object) -> None:
        seen[0] += 1
        if seen[0] in {3, 4}:
            raise Conflict("busy")

    world.store.before_commit = conflict

    world.deliver(name)

    assert (world.reached(), world.statuses(name)) == ([c(0)], {c(0): "sent"})


def test_F60_a_commit_whose_answer_is_lost_before_the_call_still_sends_once(world: Provided) -> None:
    name = world.bulk(world.people(1))
    seen = [0]

    def lost(writes: object) -> None:
        seen[0] += 1
        if seen[0] in {2, 3}:
            raise Transient("no answer")

    world.store.after_commit = lost

    world.deliver(name)

    assert (world.reached(), world.statuses(name)) == ([c(0)], {c(0): "sent"})


def test_R56_a_workflow_mail_that_one_of_three_did_not_get_is_failed_and_says_so(world: Provided) -> None:
    to = world.people(3)
    accepted = world.accept({"kind": "workflow", "to": to[:1], "cc": to[1:]}, user=BEN)
    world.fault("rcpt", status=550, recipient=c(2))

    world.deliver(accepted.id)

    assert [one.rcpt_to for one in world.provider.taken] == [(c(0), c(1))]
    shown = world.shown(accepted.id)
    assert shown.failure
    assert (shown.status, "1 of 3" in shown.failure.message) == (Status.FAILED, True)
    assert world.statuses(accepted.id) == {c(0): "sent", c(1): "sent", c(2): "failed"}
    assert world.types() == [("message.failed", "c0")]


def test_R56_a_workflow_mail_waits_for_who_is_greylisted_and_reaches_nobody_else_again(world: Provided) -> None:
    to = world.people(2)
    accepted = world.accept({"kind": "workflow", "to": to}, user=BEN)
    world.fault("rcpt", status=451, recipient=c(1), times=1)

    world.deliver(accepted.id)
    assert world.shown(accepted.id).status is Status.QUEUED
    world.drain(5, syncing=False)

    assert [one.rcpt_to for one in world.provider.taken] == [(c(0),), (c(1),)]
    assert world.shown(accepted.id).status is Status.SENT
    first, second = world.taken()
    assert first["Message-ID"] == second["Message-ID"]


def test_R39_a_provider_mail_of_a_location_that_is_gone_goes_nowhere(world: Provided) -> None:
    name = world.bulk(world.people(1))
    world.store.commit([Delete(keys.location(HERE))])

    world.deliver(name)

    assert (world.reached(), world.entry(name).state) == ([], EntryState.FAILED)


def test_R39_a_location_that_goes_while_its_bulk_mail_is_sent_ends_it_there(world: Provided) -> None:
    name = world.bulk(world.people(250))

    def remove(recipients: object) -> None:
        if recipients == [c(30)]:
            world.store.commit([Delete(keys.location(HERE))])

    world.provider.before = remove
    outcome = world.deliver(name)

    assert (outcome.state, outcome.reason) == (EntryState.FAILED, "disconnected")
    assert world.reached() == [c(at) for at in range(100)], "what is one page of the ledger goes out"
    lines = [world.store.read(keys.line(name, at)).value(keys.line(name, at)) for at in range(250)]
    assert [str(line.state) for line in lines if line] == ["sent"] * 100 + ["failed"] * 150


def test_F60_the_claim_and_the_functions_time_outlast_every_call() -> None:
    last = timedelta(seconds=CONNECT_SECONDS + CALL_SECONDS) + AT_ONCE
    table = json.loads((Path(__file__).parents[3] / "infra" / "functions.json").read_text())
    allowed = timedelta(seconds=table["functions"]["deliver_email"]["timeout_s"])

    assert RENEW_AFTER + last < LEASE
    assert Provided().delivery.budget + last < allowed


def test_R39_an_individual_mail_of_a_user_who_is_gone_goes_nowhere(world: Provided) -> None:
    accepted = world.accept(user=BEN)
    world.store.commit([Delete(keys.user(HERE, BEN))])

    world.deliver(accepted.id)

    failure = world.shown(accepted.id).failure
    assert failure
    assert (world.reached(), failure.code) == ([], "disconnected")


def test_R14_R11_an_answer_through_the_provider_names_what_it_answers_and_is_answered_in_turn(world: Provided) -> None:
    world.gmail.deliver(
        f"From: {CARL}\r\nTo: ada@agency.example\r\nSubject: Hi\r\nMessage-ID: <q@x.example>\r\n\r\nQ\r\n"
    )
    world.push()
    (question,) = world.messages()

    accepted = world.accept({"subject": "Re: Hi", "reply_to": question.id}, user=BEN)
    world.deliver(accepted.id)

    (mail,) = world.taken()
    assert (mail["In-Reply-To"], mail["References"]) == ("<q@x.example>", "<q@x.example>")
    assert world.shown(accepted.id).message_id == mail["Message-ID"]
    world.gmail.deliver(
        f"From: {CARL}\r\nTo: ada@agency.example\r\nSubject: Re: Hi\r\nIn-Reply-To: {mail['Message-ID']}\r\n\r\nA\r\n"
    )
    world.push()
    assert sorted(world.conversation("carl")) == ["Hi", "Re: Hi", "Re: Hi"]


def test_F57_a_gmail_send_that_fails_never_goes_through_the_provider(world: Provided) -> None:
    accepted = world.accept()
    world.sender.before = _refuse

    world.deliver(accepted.id)

    assert (world.shown(accepted.id).status, world.provider.taken) == (Status.FAILED, [])
    world.sender.before = lambda _: None
    world.retry(accepted.id)
    world.drain(2)
    assert (len(world.sent()), world.provider.taken) == (1, [])


def _refuse(call: str) -> None:
    raise Refused("invalidArgument", "no")


def test_the_purged_message_of_a_run_is_not_brought_back(world: Provided) -> None:
    name = world.bulk(world.people(2))
    key = keys.message(HERE, name)
    world.store.commit([Put(key, type(world.shown(name))(id=name, purged=True))])

    world.deliver(name)

    assert world.shown(name).purged
    assert world.reached() == [c(0), c(1)]
    assert world.store.read(keys.outbox(name)).at - world.clock.now() < timedelta(seconds=1)


def test_R55_what_is_no_message_of_a_run_has_no_recipients_to_list(world: Provided) -> None:
    with pytest.raises(Rejected, match="not_found"):
        world.rows(world.entry_id("unheard of"))
