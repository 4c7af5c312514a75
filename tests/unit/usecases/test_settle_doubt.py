"""Sends whose call was cut off: sent once, or shown as unknown, whatever crashes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.decisions import Parked
from shared.domain.identifiers import GmailId, UserId
from shared.domain.keys import Collection
from shared.domain.mailbox import Alias, Tally
from shared.domain.message import Status
from shared.domain.outbox import EntryState
from shared.errors import Doubtful, Gone, Transient
from shared.ports.gmail import SessionAnswer
from shared.ports.store import Put, Where
from shared.usecases.drop_parked import drop_parked
from shared.usecases.operating import Operating, Target
from tests.fakes.sender import FakeSender
from tests.unit.inbound import ADA
from tests.unit.outbound import Outbound, file_part

SALES = "sales@agency.example"


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def cut_off() -> Callable[[str], None]:
    """The first upload ends without an answer."""
    left = [Doubtful("reset")]

    def fail(call: str) -> None:
        if call == "finish" and left:
            raise left.pop()

    return fail


def lose_answer(world: Outbound) -> None:
    world.sender.after = cut_off()


def lose_request(world: Outbound) -> None:
    world.sender.before = cut_off()


def prove_marker(world: Outbound) -> None:
    """An earlier send of this deployment was read back with its marker."""
    world.send({"subject": "Earlier"}, key="earlier")
    world.push()
    assert len(world.sent()) == 1


def test_f53_an_answer_that_was_lost_is_had_from_the_session_at_once(world: Outbound) -> None:
    lose_answer(world)

    name = world.send()

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 1)


def test_f53_a_session_that_has_only_a_part_is_continued_and_no_second_one_opened(world: Outbound) -> None:
    world.sender.cut_at = 40_000

    name = world.send({}, file_part("a.bin", b"a" * 100_000))
    assert world.entry(name).state is EntryState.CALLING
    world.drain(2)

    assert (world.shown(name).status, len(world.sent()), len(world.sender.sessions)) == (Status.SENT, 1, 1)


def test_a_session_that_nobody_can_ask_for_a_while_is_asked_again(world: Outbound) -> None:
    lose_answer(world)
    asked = iter([True] * 3)

    def fail(call: str) -> None:
        if call == "ask" and next(asked, False):
            raise Transient("gmail: 503")

    world.sender.before = fail
    name = world.send()
    world.drain(6, syncing=False)

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 1)


def test_where_the_session_says_nothing_the_sync_finds_what_was_sent(world: Outbound) -> None:
    lose_answer(world)
    world.sender.forgets = True

    name = world.send()
    assert world.entry(name).state is EntryState.CALLING
    world.push()

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 1)
    world.drain(60)
    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 1)


def test_r55_proven_absence_sends_again(world: Outbound) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True

    name = world.send()
    world.drain(9)
    assert world.entry(name).state is EntryState.CALLING
    world.drain(20)

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 2)


def test_r55_without_a_marker_that_was_ever_read_back_absence_proves_nothing(world: Outbound) -> None:
    lose_request(world)
    world.sender.forgets = True

    name = world.send()
    world.drain(60)

    assert (world.shown(name).status, world.sent(), world.used()) == (Status.UNKNOWN, [], 1)
    assert [event.type for event in world.topics.announced] == ["message.unknown"]


def test_a_gmail_that_drops_the_marker_is_noticed(world: Outbound) -> None:
    world.sender.keeps_marker = False
    world.send({"subject": "Earlier"}, key="earlier")
    lose_request(world)
    world.sender.forgets = True

    name = world.send()
    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def test_r55_a_session_that_has_the_whole_mail_may_still_send_it_so_that_absence_proves_nothing(
    world: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove_marker(world)
    lose_request(world)
    monkeypatch.setattr(FakeSender, "ask", lambda *_: SessionAnswer.INCOMPLETE)

    name = world.send()
    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def test_r55_a_session_that_once_had_the_whole_mail_may_have_sent_it_by_the_time_it_says_nothing_more(
    world: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove_marker(world)
    lose_request(world)
    monkeypatch.setattr(FakeSender, "ask", lambda *_: SessionAnswer.INCOMPLETE)
    name = world.send()
    world.drain(15)

    monkeypatch.setattr(FakeSender, "ask", lambda *_: SessionAnswer.UNKNOWN)
    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def test_f59_a_sent_copy_that_was_deleted_at_once_is_never_sent_again(world: Outbound) -> None:
    prove_marker(world)
    world.sender.forgets = True

    def deleted(call: str) -> None:
        if call == "finish":
            world.gmail.delete(list(world.gmail.mails)[-1])
            world.sender.after = lambda _: None
            raise Doubtful("reset")

    world.sender.after = deleted
    name = world.send()
    world.drain(90)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


@pytest.mark.parametrize("tally", [Tally(), Tally(parked=1)])
def test_mail_that_is_parked_may_be_the_one_that_is_missing_whatever_the_tally_says(
    world: Outbound, tally: Tally
) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    name = world.send()
    other = Parked(world.mailbox_id, GmailId("other"), "x", 9, world.clock.now())
    world.store.commit([Put(keys.parked(world.mailbox_id, other.gmail_id), other)])
    world.change_mailbox(tally=tally)

    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def test_r55_a_mail_that_an_operator_dropped_may_be_the_one_that_is_missing(world: Outbound) -> None:
    """It was never read: it may be the very copy whose absence would prove that nothing was sent."""
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    name = world.send()
    other = Parked(world.mailbox_id, GmailId("other"), "x", 9, world.clock.now())
    world.store.commit([Put(keys.parked(world.mailbox_id, other.gmail_id), other)])
    world.change_mailbox(tally=world.mailbox.tally.plus(parked=1))
    ports = Operating(world.store, world.topics, world.patience)
    drop_parked(ports, Target(UserId("olga"), world.mailbox_id, other.gmail_id), why="x")

    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def test_r55_a_mail_that_was_dropped_before_the_send_hides_nothing_of_it(world: Outbound) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    world.change_mailbox(tally=world.mailbox.tally.plus(dropped=1))
    name = world.send()

    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 2)


def test_r55_a_tally_that_counts_too_many_parked_does_not_hide_proof(world: Outbound) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    name = world.send()
    world.change_mailbox(tally=world.mailbox.tally.plus(parked=1))

    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 2)


def test_r55_a_parked_mail_that_turns_out_to_be_gone_while_it_is_asked_for_hides_what_it_was(world: Outbound) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    name = world.send()
    count = world.store.count

    def gone_meanwhile(collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        world.change_mailbox(tally=world.mailbox.tally.plus(gone=1))
        return count(collection, where)

    world.store.count = gone_meanwhile  # type: ignore[method-assign]
    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def rewrite_sender(world: Outbound) -> None:
    """The mail goes out from an alias that Gmail meanwhile has no more: it puts the account's address in its place."""
    world.change_mailbox(aliases=(Alias(Address(ADA)), Alias(Address(SALES))))
    deliver = world.gmail.deliver

    def rewriting(raw: str, **more: Any) -> GmailId:
        return deliver(raw.replace(SALES, ADA), **more)

    world.gmail.deliver = rewriting  # type: ignore[method-assign]


def test_r55_a_copy_whose_sender_gmail_replaced_is_the_one_that_was_sent(world: Outbound) -> None:
    prove_marker(world)
    rewrite_sender(world)
    lose_answer(world)
    world.sender.forgets = True

    name = world.send({"from": SALES})
    assert world.entry(name).state is EntryState.CALLING
    world.drain(90)

    assert (world.shown(name).status, len(world.sent()), len(world.messages())) == (Status.SENT, 2, 2)


def test_f58_a_copy_whose_sender_gmail_replaced_that_the_sync_sees_first_is_one_message(world: Outbound) -> None:
    rewrite_sender(world)

    def synced(call: str) -> None:
        if call == "finish":
            world.push()

    world.sender.after = synced
    name = world.send({"from": SALES})

    assert [message.id for message in world.messages()] == [name]
    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 1)


def test_a_sync_that_had_to_catch_up_from_a_list_proves_nothing(world: Outbound) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    name = world.send()
    world.gmail.forget_history()

    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


def test_a_mailbox_that_is_not_synced_meanwhile_proves_nothing(world: Outbound) -> None:
    prove_marker(world)
    lose_request(world)
    world.sender.forgets = True
    name = world.send()
    world.gmail.deliver("From: x@elsewhere.example\nSubject: newer\n\nx")

    world.drain(60, syncing=False)

    assert (world.shown(name).status, len(world.sent())) == (Status.UNKNOWN, 1)


class Crash(BaseException):
    """The instance is gone: no handler sees it."""


class Tripwire:
    """Counts what is done to the outside, and ends the worker at the chosen step, before or after its effect."""

    def __init__(self, at: int) -> None:
        self.at, self.steps = at, 0

    def step(self, *_: object) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Crash


def rigged(at: int, *, forgets: bool) -> tuple[Outbound, Tripwire]:
    world, wire = Outbound(), Tripwire(at)
    if forgets:
        prove_marker(world)
    name = world.accept().id
    world.sender.forgets = forgets
    world.store.before_commit = world.store.after_commit = wire.step
    world.sender.before = world.sender.after = world.topics.before_publish = wire.step
    try:
        world.deliver(name)
    except Crash:
        world.store.before_commit = world.store.after_commit = lambda _: None
        world.sender.before = world.sender.after = world.topics.before_publish = lambda _: None
    return world, wire


def crash_points() -> list[int]:
    return list(range(1, rigged(0, forgets=False)[1].steps + 1))


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("at", crash_points())
def test_f52_a_worker_that_dies_at_any_step_never_leads_to_a_second_mail(at: int, forgets: bool) -> None:
    world, _ = rigged(at, forgets=forgets)
    name = world.entry_id()
    before = len(world.sent())
    already = 1 if forgets else 0

    world.deliver(name)
    world.deliver(name)
    world.drain(90)

    status, sent = world.shown(name).status, len(world.sent()) - already
    assert sent <= 1
    assert (status, sent) in {(Status.SENT, 1), (Status.UNKNOWN, 0)}
    assert before - already <= sent
    if not forgets:
        assert status is Status.SENT, "the session tells what became of it"
    ids = [event.id for event in world.topics.announced if str(name) in event.id]
    assert ids, "its end was announced"
    assert world.used() == 1 + already


def test_f52_every_step_of_a_delivery_is_among_the_crash_points() -> None:
    assert len(crash_points()) >= 12


def test_a_push_that_comes_again_while_the_call_goes_on_leaves_it_alone(world: Outbound) -> None:
    seen: list[EntryState | None] = []

    def again(call: str) -> None:
        if call == "finish":
            seen.append(world.deliver(world.entry_id()).state)

    world.sender.before = again
    world.send()

    assert (seen, len(world.sent())) == ([EntryState.CALLING], 1)


def frozen(world: Outbound, second: Exception, *, minutes: int, forgets: bool = False) -> None:
    """The first worker stands still before its upload, for so long that another goes on with the session meanwhile.

    That one's call ends as given, and its session says nothing more if it `forgets`; then the first one wakes.
    """
    calls = iter(range(100))

    def before(call: str) -> None:
        if call != "finish":
            return
        number = next(calls)
        if number == 0:
            world.clock.advance(seconds=200)
            world.deliver(world.entry_id())
            world.drain(minutes)
        if number == 1:
            world.sender.forgets = forgets
            raise second

    world.sender.before = before


@pytest.mark.parametrize("refusal", [Transient("gmail: token refused"), Gone("upload session")])
def test_r55_no_other_session_is_opened_as_long_as_a_worker_that_stood_still_may_wake(
    world: Outbound, refusal: Exception
) -> None:
    frozen(world, refusal, minutes=20)

    name = world.send()

    assert (len(world.sender.sessions), len(world.sent()), world.shown(name).status) == (1, 1, Status.SENT)


def test_r55_absence_proves_nothing_as_long_as_a_worker_that_stood_still_may_wake(world: Outbound) -> None:
    prove_marker(world)
    frozen(world, Doubtful("reset"), minutes=90, forgets=True)

    name = world.send()

    assert (len(world.sender.sessions), len(world.sent()), world.shown(name).status) == (2, 2, Status.SENT)


def test_r55_a_worker_that_wakes_tells_nothing_of_the_call_that_another_went_on_with(world: Outbound) -> None:
    calls = iter(range(100))

    def before(call: str) -> None:
        number = next(calls) if call == "finish" else -1
        if number == 0:
            world.clock.advance(seconds=200)
            world.deliver(world.entry_id())
        if number == 1:
            raise Doubtful("reset")
        if number == 0:
            raise Transient("gmail: token refused")

    world.sender.before = before
    name = world.accept().id
    world.deliver(name)

    assert (world.entry(name).state, len(world.sender.sessions)) == (EntryState.CALLING, 1)


def test_r55_a_mail_that_is_refused_for_a_day_in_the_session_of_a_lost_worker_is_shown_as_unknown(
    world: Outbound,
) -> None:
    name = world.accept().id
    calls = iter(range(10_000))

    def before(call: str) -> None:
        if call == "finish":
            raise Crash if next(calls) == 0 else Transient("gmail: token refused")

    world.sender.before = before
    with pytest.raises(Crash):
        world.deliver(name)
    world.drain(25 * 60, syncing=False)

    assert (world.shown(name).status, world.sent(), len(world.sender.sessions)) == (Status.UNKNOWN, [], 1)


def test_two_workers_that_look_at_a_doubt_at_once_continue_it_once(world: Outbound) -> None:
    world.sender.cut_at = 40_000
    name = world.send({}, file_part("a.bin", b"a" * 100_000))
    world.clock.time += timedelta(minutes=1)
    seen: list[EntryState | None] = []

    def other(call: str) -> None:
        if call == "ask" and not seen:
            seen.append(None)
            seen.append(world.deliver(name).state)

    world.sender.before = other
    world.deliver(name)

    assert (seen[1], len(world.sent()), len(world.sender.sessions)) == (EntryState.CALLING, 1, 1)


def test_f59_a_sent_copy_that_was_put_into_the_trash_at_once_is_still_the_one_that_was_sent(world: Outbound) -> None:
    prove_marker(world)
    world.sender.forgets = True

    def trashed(call: str) -> None:
        if call == "finish":
            added = world.gmail.changes.pop()
            world.gmail.changes.append(replace(added, labels=added.labels | {"TRASH"}))
            world.gmail.label(added.gmail_id, add=["TRASH"])
            world.sender.after = lambda _: None
            raise Doubtful("reset")

    world.sender.after = trashed
    name = world.send()
    world.drain(60)

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 2)
