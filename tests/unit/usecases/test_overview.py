"""The overview's figures, each against a deployment that has some of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import Ending
from shared.domain.decisions import Parked
from shared.domain.identifiers import GmailId, LocationId, MailboxId, MessageId, UserId
from shared.domain.linking import NO_WATCH
from shared.domain.mailbox import CatchUp, Grant, Link, Mailbox, Tally, Trouble
from shared.domain.mailbox_state import Activity, MailboxState
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.overview import Oldest, Overview
from shared.errors import Remedy
from shared.ports.store import Create, Query
from shared.usecases.list_mailboxes import list_mailboxes
from shared.usecases.overview import overview
from shared.usecases.survey_mailboxes import LOOKED_AT
from shared.usecases.survey_work import MOST_REASONS
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore

HERE, ADA = LocationId("here"), UserId("ada")


class Deployment:
    """Documents as they are put; `seen` is the overview now."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock.now)

    def ago(self, **past: float) -> datetime:
        return self.clock.now() - timedelta(**past)

    def mailbox(self, name: str, **fields: object) -> None:
        connected = {
            "grant": Grant("sealed", 1),
            "links": {HERE: Link(ADA, self.ago(days=9), 1)},
            "wake_at": self.ago(minutes=-30),
            "watch_expires_at": self.ago(days=-6),
        }
        made = Mailbox(MailboxId(name), "sub", Address(f"{name}@agency.example"), **{**connected, **fields})  # type: ignore[arg-type]
        self.store.commit([Create(keys.mailbox(made.id), made)])

    def ended(self, name: str, **fields: object) -> None:
        self.mailbox(name, **{"grant": None, "links": {}, "wake_at": None, "watch_expires_at": None, **fields})

    def troubled(self, name: str, remedy: Remedy, **fields: object) -> None:
        trouble = Trouble(remedy, "x", self.ago(days=1))
        self.mailbox(name, trouble=trouble, wake_at=None, watch_expires_at=None, **fields)

    def parked(self, name: str, reason: str, *, days: float, stuck: bool = False) -> None:
        retry_at = None if stuck else self.ago(minutes=-5)
        made = Parked(MailboxId("box"), GmailId(name), reason, 1, self.ago(days=days), retry_at)
        self.store.commit([Create(keys.parked(made.mailbox, made.gmail_id), made)])

    def send(self, name: str, state: EntryState, **fields: object) -> None:
        made = OutboxEntry(MessageId(name), HERE, ADA, MailboxId("box"), "digest", self.ago(hours=1), state=state)
        self.store.commit([Create(keys.outbox(made.id), replace(made, **fields))])  # type: ignore[arg-type]

    @property
    def seen(self) -> Overview:
        return overview(self.store, now=self.clock.now())

    def listed(self, wanted: MailboxState | Activity | None) -> list[str]:
        found = list_mailboxes(self.store, wanted, now=self.clock.now(), limit=100, after=None)
        return [one.id for one in found.items]


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


def test_an_empty_deployment_has_nothing_of_anything(deployment: Deployment) -> None:
    seen = deployment.seen
    assert (seen.mailboxes.connected, seen.mailboxes.disconnected, seen.parked.count, seen.endings.count) == (
        0,
        0,
        0,
        0,
    )
    assert (seen.coverage.seen, seen.coverage.percent, seen.watches.soonest) == (0, None, None)


def test_mailboxes_are_counted_and_listed_by_state(deployment: Deployment) -> None:
    for name in ("c1", "c2", "c3"):
        deployment.mailbox(name)
    deployment.troubled("r1", Remedy.RECONNECT)
    deployment.troubled("b1", Remedy.ADMINISTRATOR)
    deployment.troubled("b2", Remedy.ADMINISTRATOR)
    deployment.ended("d1")

    counted = deployment.seen.mailboxes

    assert (counted.connected, counted.reauth_required, counted.blocked, counted.disconnected) == (3, 1, 2, 1)
    assert {state: deployment.listed(state) for state in MailboxState} == {
        MailboxState.CONNECTED: ["c1", "c2", "c3"],
        MailboxState.REAUTH_REQUIRED: ["r1"],
        MailboxState.BLOCKED: ["b1", "b2"],
        MailboxState.DISCONNECTED: ["d1"],
    }
    assert len(deployment.listed(None)) == 7


def test_what_connected_mailboxes_are_at_is_counted_and_listed(deployment: Deployment) -> None:
    now = deployment.clock.now()
    deployment.mailbox("idle")
    deployment.mailbox("leased", holder="w", lease_until=now + timedelta(seconds=30))
    deployment.mailbox("dead", holder="w", lease_until=now - timedelta(minutes=7), wake_at=now - timedelta(minutes=7))
    deployment.mailbox("late", wake_at=now - timedelta(minutes=6))
    deployment.mailbox("soon", wake_at=now - timedelta(minutes=4))
    deployment.mailbox("catching", catch_up=CatchUp(now, 500))
    deployment.mailbox("relisting", relist=CatchUp(now, asked_at=now))
    deployment.mailbox("behind", unhandled_since=now - timedelta(minutes=3))
    deployment.mailbox("further", unhandled_since=now - timedelta(minutes=8))
    deployment.troubled("lost", Remedy.RECONNECT, catch_up=CatchUp(now, 500), relist=CatchUp(now, asked_at=now))

    counted = deployment.seen.mailboxes

    assert (counted.leased, counted.catching_up, counted.relisting) == (1, 1, 1)
    assert (counted.overdue.count, counted.overdue.oldest) == (2, Oldest("dead", now - timedelta(minutes=7)))
    assert (counted.unhandled.count, counted.unhandled.oldest) == (2, Oldest("further", now - timedelta(minutes=8)))
    assert {one: deployment.listed(one) for one in Activity if one is not Activity.PAUSED} == {
        Activity.LEASED: ["leased"],
        Activity.CATCHING_UP: ["catching"],
        Activity.RELISTING: ["relisting"],
        Activity.OVERDUE: ["dead", "late"],
        Activity.UNHANDLED: ["further", "behind"],
    }


def test_pauses_are_counted_with_their_reasons(deployment: Deployment) -> None:
    until = deployment.ago(minutes=-5)
    for name, reason in (("a", "gmail: 500"), ("b", "gmail: rate limit"), ("c", "gmail: 500")):
        deployment.mailbox(name, reads_paused_until=until, pause_reason=reason)
    deployment.mailbox("over", reads_paused_until=deployment.ago(minutes=1), pause_reason="gmail: 404")
    deployment.troubled("lost", Remedy.RECONNECT, reads_paused_until=until, pause_reason="gmail: 403")
    paused = deployment.seen.mailboxes.paused
    assert (paused.count, paused.beyond) == (3, 0)
    assert [(one.reason, one.count) for one in paused.reasons] == [("gmail: 500", 2), ("gmail: rate limit", 1)]
    assert sorted(deployment.listed(Activity.PAUSED)) == ["a", "b", "c"]


def test_of_very_many_pauses_the_reasons_of_some_stand_for_all(deployment: Deployment) -> None:
    for number in range(LOOKED_AT + 7):
        deployment.mailbox(f"m{number}", reads_paused_until=deployment.ago(minutes=-5), pause_reason="gmail: 500")
    paused = deployment.seen.mailboxes.paused
    assert (paused.count, paused.beyond, paused.reasons[0].count) == (LOOKED_AT + 7, 7, LOOKED_AT)


def test_watches_are_due_within_36_hours(deployment: Deployment) -> None:
    now = deployment.clock.now()
    for name, left in (("far", 37), ("near", 35), ("lapsed", -1)):
        deployment.mailbox(name, watch_expires_at=now + timedelta(hours=left))
    watches = deployment.seen.watches
    assert (watches.due, watches.lapsed, watches.soonest) == (2, 1, "lapsed")
    assert watches.soonest_at == now - timedelta(hours=1)
    deployment.mailbox("never", watch_expires_at=NO_WATCH)
    watches = deployment.seen.watches
    assert (watches.due, watches.lapsed, watches.soonest, watches.soonest_at) == (3, 2, "never", None)


def test_parked_mail_is_counted_by_reason(deployment: Deployment) -> None:
    deployment.parked("a", "gmail: 500", days=2)
    deployment.parked("b", "gmail: 500", days=3, stuck=True)
    deployment.parked("c", "unreadable: ValueError", days=1)
    parked = deployment.seen.parked
    assert (parked.count, parked.stuck, parked.beyond) == (3, 1, 0)
    assert [(one.reason, one.count, one.oldest) for one in parked.reasons] == [
        ("gmail: 500", 2, Oldest("box", deployment.ago(days=3))),
        ("unreadable: ValueError", 1, Oldest("box", deployment.ago(days=1))),
    ]


def test_of_very_many_reasons_the_rest_is_said_to_be_there(deployment: Deployment) -> None:
    for number in range(MOST_REASONS + 5):
        deployment.parked(f"p{number}", f"unreadable: Error{number:02}", days=1)
    parked = deployment.seen.parked
    assert (parked.count, len(parked.reasons), parked.beyond) == (MOST_REASONS + 5, MOST_REASONS, 5)


def test_sends_are_counted_by_state_and_in_doubt_is_what_must_have_ended(deployment: Deployment) -> None:
    deployment.send("q", EntryState.QUEUED, settle_at=deployment.ago(minutes=1))
    deployment.send("stale", EntryState.QUEUED, settle_at=deployment.ago(minutes=6))
    deployment.send("c", EntryState.CLAIMED)
    deployment.send("calling", EntryState.CALLING, called_at=deployment.ago(seconds=149))
    deployment.send("doubt", EntryState.CALLING, called_at=deployment.ago(minutes=20))
    deployment.send("older", EntryState.CALLING, called_at=deployment.ago(minutes=40))
    deployment.send("u", EntryState.UNKNOWN)
    deployment.send("sent", EntryState.SENT)
    sends = deployment.seen.sends
    assert (sends.queued, sends.claimed, sends.calling) == (2, 1, 1)
    assert (sends.in_doubt.count, sends.in_doubt.oldest) == (2, Oldest("older", deployment.ago(minutes=40)))
    assert (sends.unknown.count, sends.unknown.oldest) == (1, Oldest("u", deployment.ago(hours=1)))
    assert (sends.overdue.count, sends.overdue.oldest) == (1, Oldest("stale", deployment.ago(minutes=6)))


def test_endings_count_once_they_take_longer_than_they_should(deployment: Deployment) -> None:
    for user, minutes in (("now", 1), ("left", 30), ("old", 90)):
        ending = Ending(HERE, UserId(user), MailboxId(f"box-{user}"), 1, deployment.ago(minutes=minutes))
        deployment.store.commit([Create(keys.ending(HERE, ending.user, 1), ending)])
    endings = deployment.seen.endings
    assert (endings.count, endings.oldest) == (2, Oldest("box-old", deployment.ago(minutes=90)))


def test_R73_coverage_is_that_of_all_mailboxes_together(deployment: Deployment) -> None:
    deployment.mailbox("a", tally=Tally(stored=5, left_out=2, parked=1))
    deployment.mailbox("b", tally=Tally(stored=1, gone=1, dropped=2))
    deployment.ended("c")
    coverage = deployment.seen.coverage
    assert coverage.tally == Tally(stored=6, left_out=2, gone=1, parked=1, dropped=2)
    assert (coverage.seen, coverage.percent) == (12, 91.667)


def test_an_overview_reads_hardly_more_of_many_mailboxes_than_of_few(deployment: Deployment) -> None:
    """What is read as documents is counted, not what is only counted by the store."""
    read: list[int] = []
    find = deployment.store.find

    def found(query: Query) -> list:  # type: ignore[type-arg]
        there = find(query)
        read.append(len(there))
        return there

    deployment.store.find = found  # type: ignore[method-assign]
    figures = []
    for extent in (range(10), range(10, 400)):
        for number in extent:
            deployment.mailbox(f"m{number}", wake_at=deployment.ago(hours=1), unhandled_since=deployment.ago(hours=1))
            deployment.parked(f"p{number}", "gmail: 500", days=number)
            deployment.send(f"s{number}", EntryState.UNKNOWN)
        read.clear()
        deployment.store.operations.clear()
        assert deployment.seen.mailboxes.connected == extent.stop
        figures.append((sum(read), deployment.store.operations["queries"], deployment.store.operations["reads"]))
    assert figures[0] == figures[1]
    assert figures[0][0] < 10
