"""Clocks that are off, jump or disagree, and days that are not as long as others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.domain.mailbox import LEASE, SWEEP
from shared.domain.outbox import EntryState
from shared.domain.policy import Policy
from shared.domain.receiver import FAILURES
from shared.domain.send_window import next_at, used
from shared.errors import Transient
from shared.usecases.contended import Patience
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.process_notification import Ending, Notice, process_notification
from shared.usecases.reconcile import reconcile
from shared.usecases.sweep_blobs import sweep_blobs
from tests.fakes.chance import FakeChance
from tests.fakes.clock import FakeClock
from tests.unit.inbound import World, letter
from tests.unit.outbound import Outbound
from tests.unit.usecases.post_office import PostOffice, event

BOB = "bob@client.example"
OFF = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1), timedelta(seconds=1)]


class OffClock(FakeClock):
    """An instance's own clock: it shows another time than the world has, but time passes for it as for all."""

    def __init__(self, world: FakeClock, off: timedelta) -> None:
        super().__init__()
        self.world, self.off = world, off

    def now(self) -> datetime:
        return self.world.now() + self.off

    def elapsed(self) -> timedelta:
        return self.world.elapsed()

    def sleep(self, duration: timedelta) -> None:
        self.world.sleep(duration)


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", BOB)
    world.clock.advance(minutes=5)
    return world


def on_another(world: World, off: timedelta, holder: str) -> Ending:
    """The newest push, at an instance whose clock is off."""
    ports = replace(world.ports, clock=OffClock(world.clock, off))
    notice = Notice(holder, address=world.mailbox.address, history_id=world.gmail.newest)
    return process_notification(ports, notice).ending


@pytest.mark.parametrize("off", OFF)
def test_f31_whoever_holds_a_mailbox_holds_it_by_the_stores_time(world: World, off: timedelta) -> None:
    world.gmail.deliver(letter(BOB))
    seen: list[object] = []

    def meanwhile(call: str, _what: str) -> None:
        if call == "headers" and not seen:
            seen.append(world.mailbox.lease_until)
            seen.append(on_another(world, -off, "other"))
            seen.append(on_another(world, timedelta(), "third"))

    world.gmail.fail = meanwhile
    assert on_another(world, off, "first") is Ending.SYNCED
    assert seen == [world.clock.now() + LEASE, Ending.LEFT, Ending.LEFT]
    assert world.conversation("bob") == ["Hello"]
    assert world.mailbox.last_synced_at == world.clock.now()
    assert world.mailbox.wake_at
    assert world.mailbox.wake_at <= world.clock.now() + SWEEP


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("call", ["headers", "full"])
def test_f31_a_clock_that_jumps_while_a_worker_works_moves_neither_its_lease_nor_the_next_look(
    world: World, off: timedelta, call: str
) -> None:
    own = OffClock(world.clock, timedelta())
    world.ports = replace(world.ports, clock=own, chunk=1)
    for number in range(3):
        world.gmail.deliver(letter(BOB, subject=f"{number}"))

    def jumps(name: str, what: str) -> None:
        if name == call and what.startswith("m2"):
            own.off = off
        assert world.mailbox.lease_until
        assert world.clock.now() < world.mailbox.lease_until <= world.clock.now() + LEASE

    world.gmail.fail = lambda name, what: jumps(name, what) if name in {"headers", "full"} else None
    assert world.push().ending is Ending.SYNCED
    assert sorted(world.conversation("bob")) == ["0", "1", "2"]
    assert world.mailbox.last_synced_at == world.clock.now()
    assert world.mailbox.wake_at
    assert world.clock.now() <= world.mailbox.wake_at <= world.clock.now() + SWEEP


@pytest.mark.parametrize("off", OFF)
def test_f31_a_sweep_whose_clock_is_off_clears_nothing_away_that_is_younger_than_a_day(
    world: World, off: timedelta
) -> None:
    clock = OffClock(world.clock, off)
    world.blobs.write("locations/here/messages/coming/body.json", [b"{}"])
    world.clock.advance(hours=23.9)
    assert sweep_blobs(store=world.store, shelf=world.blobs, clock=clock) == 0

    world.clock.advance(hours=0.2)

    assert sweep_blobs(store=world.store, shelf=world.blobs, clock=clock) == 1


@pytest.mark.parametrize("off", OFF)
def test_f31_an_instance_whose_clock_is_off_puts_off_neither_an_event_nor_the_receivers_next_try(
    off: timedelta,
) -> None:
    office = PostOffice()
    here, there = office.ports, replace(office.ports, patience=Patience(OffClock(office.clock, off), FakeChance()))
    office.webhook.status = 500
    office.ports = there
    for number in range(FAILURES + 1):
        office.announce(event(number))

    office.ports, office.webhook.status = here, 204
    for _ in range(4):
        office.tick(minutes=1)

    assert len(office.taken()) == FAILURES + 1


def test_f31_after_a_jump_a_catch_up_still_lists_everything(world: World) -> None:
    """What was settled last is known by the store's time: a date ahead of it would hide mail for ever."""
    own = OffClock(world.clock, timedelta())
    world.ports = replace(world.ports, clock=own)
    world.gmail.deliver(letter(BOB, subject="First"))
    world.gmail.fail = lambda call, _what: setattr(own, "off", timedelta(days=1)) if call == "full" else None
    world.push()
    own.off = timedelta()
    world.clock.advance(hours=2)
    world.gmail.deliver(letter(BOB, subject="Second"))
    world.gmail.forget_history()
    world.push()
    assert sorted(world.conversation("bob")) == ["First", "Second"]


@pytest.mark.parametrize("off", OFF)
def test_f31_a_timer_whose_clock_is_off_wakes_whatever_is_due_and_nothing_else(world: World, off: timedelta) -> None:
    world.push()
    world.gmail.deliver(letter(BOB))
    own = OffClock(world.clock, off)
    wake_at = world.mailbox.wake_at
    assert wake_at
    world.clock.time = wake_at - timedelta(microseconds=1)
    assert reconcile(world.store, world.topics, own)["mailboxes"] == 0
    world.clock.time = wake_at
    assert reconcile(world.store, world.topics, own)["mailboxes"] == 1
    assert world.topics.woken == [world.mailbox_id]


@pytest.mark.parametrize("off", OFF)
def test_f31_an_instance_whose_clock_is_off_never_makes_two_mails_of_one_send(off: timedelta) -> None:
    sending = Outbound()
    name = sending.accept().id
    patience = Patience(OffClock(sending.clock, off), sending.chance)
    other = replace(sending.delivery, patience=patience)
    looked: list[EntryState] = []

    def meanwhile(call: str) -> None:
        if call in {"begin", "finish"} and len(looked) < 6:
            looked.append(sending.entry(name).state)
            try:
                deliver_entry(name, other)
            except Transient:
                looked.append(sending.entry(name).state)

    sending.sender.before = sending.sender.after = meanwhile
    sending.deliver(name)
    sending.sender.before = sending.sender.after = lambda _: None
    for _ in range(3):
        deliver_entry(name, other)
        sending.drain(20)
    assert looked
    assert len(sending.sent()) == 1
    assert sending.shown(name).status in {"sent", "unknown"}


def changes(zone: str) -> Iterator[datetime]:
    """The hours at which a zone's clocks were or are put forward and back in 2026."""
    place, at = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        after = at + timedelta(hours=1)
        if at.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            yield at
        at = after


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_f31_a_day_of_23_or_25_hours_neither_shortens_nor_lengthens_the_limit(zone: str) -> None:
    """The limit is on any 24 hours, which are no calendar day of anybody's."""
    moments = list(changes(zone))
    assert len(moments) == 2
    for change in moments:
        sending = Outbound()
        sending.clock.time = change - timedelta(hours=12)
        sending.policy(daily_limit=1)
        name = sending.send()
        sent = sending.clock.now()
        assert sending.shown(name).status == "sent"
        free = next_at(sending.mailbox, Policy(daily_limit=1), sent)
        assert free
        assert timedelta(hours=24) <= free - sent <= timedelta(hours=24, minutes=5)
        assert used(sending.mailbox, sent + timedelta(hours=24) - timedelta(microseconds=1)) == 1
        assert used(sending.mailbox, free) == 0


@pytest.mark.parametrize(
    "date",
    [
        "Sat, 31 Dec 2016 23:59:60 +0000",
        "Sun, 29 Mar 2026 02:30:00 +0100",
        "Sun, 25 Oct 2026 02:30:00 +0200 (CEST)",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Sun, 32 Foo 2026 25:61:61 +9999",
    ],
)
def test_f31_no_date_that_a_mail_may_bear_stops_it(world: World, date: str) -> None:
    """A leap second, an hour that there never was, one that there was twice, and the ends of all calendars."""
    world.gmail.deliver(letter(BOB).replace("Sun, 01 Mar 2026 09:30:00 +0000", date))
    world.push()
    (message,) = world.messages()
    assert message.at == world.clock.now()
    assert world.parked() == {}
