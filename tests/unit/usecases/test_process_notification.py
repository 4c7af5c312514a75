"""What a notification sets in motion, and what it must survive; everything outside is in memory."""

import contextlib
import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.domain import keys
from shared.domain.addresses import Address, Person
from shared.domain.identifiers import LocationId, MailboxId, MessageId, UserId
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import GrantLost, Refused, Remedy, Transient
from shared.ports.store import Put
from shared.usecases.process_notification import Ending
from tests.unit.inbound import ADA, HERE, World, letter

BOB = "Bob <bob@client.example>"


class Killed(BaseException):
    """The process died: nothing of the product may catch it."""


@pytest.fixture
def world() -> World:
    world = World()
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    return world


def test_R12_R18_a_pushed_mail_of_a_contact_is_in_the_conversation(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    assert world.push().ending is Ending.SYNCED
    assert world.conversation("bob") == ["Hello"]
    (message,) = world.messages()
    assert message.body.text.strip() == "How are you?"
    assert not message.read
    assert message.rule == "R12"
    assert [event.type for event in world.topics.announced] == ["message.stored"]


def test_R23_a_strangers_mail_leaves_nothing_but_its_id_and_rule_and_its_body_is_never_asked_for(world: World) -> None:
    name = world.gmail.deliver(letter("eve@other.example", subject="CANARY-subject", text="CANARY-text"))
    world.push()
    assert world.left_out() == {name: "R23"}
    assert world.bodies_asked() == set()
    everything = repr(world.store.documents) + repr(world.blobs.contents) + repr(world.topics.announced)
    assert "CANARY" not in everything
    assert "eve@" not in everything


def test_F01_the_same_push_a_hundred_times_stores_once_and_asks_once(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    for _ in range(100):
        world.push(holder="the same")
    assert world.conversation("bob") == ["Hello"]
    assert world.gmail.calls["headers"] == world.gmail.calls["full"] == 1
    assert world.gmail.calls["history"] <= 100


def test_F02_an_older_push_that_comes_last_changes_nothing(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    old = world.gmail.newest
    world.gmail.deliver(letter(BOB, subject="Again"))
    world.push()
    cursor = world.mailbox.cursor
    assert world.push(old).ending is Ending.HANDLED
    assert world.mailbox.cursor == cursor


def test_F03_F04_a_lost_push_is_found_by_the_timer(world: World) -> None:
    world.push()
    world.gmail.deliver(letter(BOB))
    world.clock.advance(minutes=61)
    world.tick()
    assert world.conversation("bob") == ["Hello"]


def test_a_push_that_finds_nothing_costs_one_read_and_at_most_one_write(world: World) -> None:
    world.push()
    world.gmail._next()
    world.store.operations.clear()
    assert world.push().ending is Ending.NOTHING
    assert world.store.operations == {"reads": 1, "writes": 1}


def test_F11_a_push_ahead_of_the_history_is_looked_for_again_and_never_becomes_the_cursor(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    world.gmail.lag = 3
    newest = world.gmail.newest
    world.push()
    assert world.mailbox.cursor < newest
    world.gmail.lag = 0
    world.clock.advance(seconds=6)
    world.tick()
    assert world.conversation("bob") == ["Hello"]
    assert world.mailbox.cursor == newest


def test_F11_an_id_that_the_history_never_shows_is_given_up_after_a_while(world: World) -> None:
    world.push(world.gmail.newest + 500)
    for _ in range(10):
        world.clock.advance(seconds=6)
        world.tick()
    assert world.mailbox.pending == world.mailbox.cursor == world.gmail.newest


def test_F09_F10_after_the_history_expired_what_came_since_the_connection_is_caught_up(world: World) -> None:
    world.gmail.deliver(letter(BOB, subject="Long ago"), at=world.clock.now().replace(year=2020))
    world.gmail.deliver(letter(BOB, subject="Since"))
    world.gmail.forget_history()
    world.push()
    assert world.conversation("bob") == ["Since"]
    assert world.mailbox.catch_up is None
    world.gmail.deliver(letter(BOB, subject="After"))
    world.push()
    assert sorted(world.conversation("bob")) == ["After", "Since"]


def test_F13_a_history_of_many_pages_is_taken_in_once_each(world: World) -> None:
    world.gmail.page = 7
    for number in range(60):
        world.gmail.deliver(letter(BOB, subject=f"Number {number}"))
    world.push()
    assert sorted(world.conversation("bob")) == sorted(f"Number {number}" for number in range(60))
    assert world.gmail.calls["headers"] == 60


def test_F15_F16_a_mail_that_gmail_does_not_have_is_asked_for_once_more_before_it_is_gone(world: World) -> None:
    name = world.gmail.deliver(letter(BOB))
    kept = world.gmail.mails.pop(name)
    world.push()
    assert world.parked() == {name: "gone?"}
    world.gmail.mails[name] = kept
    world.clock.advance(seconds=11)
    world.tick()
    assert world.conversation("bob") == ["Hello"]
    assert world.parked() == {}
    assert world.mailbox.tally.coverage == 100


def test_F15_a_deleted_mail_ends_as_gone(world: World) -> None:
    name = world.gmail.deliver(letter(BOB))
    world.gmail.delete(name)
    world.push()
    world.clock.advance(seconds=11)
    world.tick()
    assert world.parked() == {}
    assert world.mailbox.tally.gone == 1


def test_F18_a_rate_limit_pauses_this_mailbox_until_the_time_that_gmail_names(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    until = world.clock.now().replace(microsecond=0, minute=50)

    def refuse(name: str, _what: str) -> None:
        if name == "headers":
            raise Transient("gmail: rate limit", retry_at=until)

    world.gmail.fail = refuse
    assert world.push().ending is Ending.PAUSED
    assert world.mailbox.reads_paused_until == until
    asked = sum(world.gmail.calls.values())
    assert world.push().ending is Ending.PAUSED
    assert sum(world.gmail.calls.values()) == asked
    world.gmail.fail = lambda *_: None
    world.clock.time = until
    world.tick()
    assert world.conversation("bob") == ["Hello"]


def test_F22_a_lost_grant_stops_at_once_and_is_said_once(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    world.access.refused["sealed-1"] = GrantLost(Remedy.RECONNECT, "invalid_grant")
    assert world.push().ending is Ending.CONDEMNED
    assert world.push().ending is Ending.IDLE
    assert [event.type for event in world.topics.announced] == ["connection.reauth_required"]
    assert world.gmail.calls["history"] == 0


def test_F25_F26_a_push_is_refused_only_when_nothing_durable_could_be_written(world: World) -> None:
    world.gmail.deliver(letter(BOB))

    def down(_writes: object) -> None:
        raise Transient("store")

    world.store.before_commit = down
    with pytest.raises(Transient):
        world.push()
    world.store.before_commit = lambda _: None
    world.push()
    assert world.conversation("bob") == ["Hello"]


def test_F29_a_mail_that_raises_is_parked_with_its_reason_and_the_rest_flows(world: World) -> None:
    world.gmail.deliver(letter(BOB, subject="One"))
    bad = world.gmail.deliver(letter(BOB, subject="Bad"))
    world.gmail.deliver(letter(BOB, subject="Two"))

    def fail(name: str, what: str) -> None:
        if name == "attachment" or (name == "full" and what == bad):
            raise ValueError("CANARY")

    world.gmail.fail = fail
    world.push()
    assert sorted(world.conversation("bob")) == ["One", "Two"]
    assert set(world.parked()) == {bad}
    assert "CANARY" not in repr(world.parked())
    assert world.mailbox.tally.coverage is not None
    assert world.mailbox.tally.coverage < 100
    world.gmail.fail = lambda *_: None
    world.clock.advance(minutes=2)
    world.tick()
    assert sorted(world.conversation("bob")) == ["Bad", "One", "Two"]
    assert world.mailbox.tally.coverage == 100


def test_F29_a_mail_that_kills_the_process_is_found_and_parked(world: World) -> None:
    world.gmail.deliver(letter(BOB, subject="One"))
    bad = world.gmail.deliver(letter(BOB, subject="Bad"))
    world.gmail.deliver(letter(BOB, subject="Two"))

    def kill(name: str, what: str) -> None:
        if name == "full" and what == bad:
            raise Killed

    world.gmail.fail = kill
    for _ in range(4):
        assert not world.parked()
        with contextlib.suppress(Killed):
            world.push()
        world.clock.advance(seconds=61)
    for _ in range(30):
        with contextlib.suppress(Killed):
            world.tick()
        world.clock.advance(hours=2)
    assert sorted(world.conversation("bob")) == ["One", "Two"]
    assert set(world.parked()) == {bad}
    assert world.gmail.calls["full"] < 20


def test_F36_I9_after_a_disconnect_nothing_in_flight_is_stored(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    world.gmail.fail = lambda name, _what: world.unlink(HERE) if name == "full" else None
    with pytest.raises(Transient):
        world.push()
    assert world.messages() == []
    world.gmail.fail = lambda *_: None
    assert world.push().ending is Ending.IDLE


def test_F38_R41_a_mail_is_in_every_location_that_has_the_mailbox_and_the_contact_once(world: World) -> None:
    there, elsewhere = LocationId("there"), LocationId("elsewhere")
    for location in (there, elsewhere):
        world.location(location)
        world.link(location)
    world.contact("robert", "bob@client.example", there)
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(BOB))
    world.push()
    assert world.conversation("bob") == ["Hello"]
    assert world.conversation("robert", there) == ["Hello"]
    assert world.messages(elsewhere) == []
    assert world.gmail.calls["full"] == 1


def test_R17_read_and_star_changes_in_gmail_are_mirrored_and_history_that_is_repeated_undoes_nothing(
    world: World,
) -> None:
    name = world.gmail.deliver(letter(BOB))
    world.push()
    world.gmail.label(name, remove=["UNREAD"], add=["STARRED"])
    world.push()
    (message,) = world.messages()
    assert message.read
    assert message.starred
    conversation = world.store.read(keys.conversation(HERE, message.conversation)).value(
        keys.conversation(HERE, message.conversation)
    )
    assert conversation
    assert (conversation.unread, conversation.message_count) == (0, 1)
    assert world.gmail.calls["headers"] == 1


def test_R19_mail_rescued_from_spam_is_placed_as_if_it_had_just_arrived(world: World) -> None:
    name = world.gmail.deliver(letter(BOB), labels=["SPAM"])
    world.push()
    assert world.left_out() == {name: "R19"}
    assert world.gmail.calls["headers"] == 0
    world.gmail.label(name, remove=["SPAM"], add=["INBOX"])
    world.push()
    assert world.conversation("bob") == ["Hello"]


@pytest.mark.parametrize("shape", ["added", "label"])
def test_R19_F17_draft_churn_stores_only_the_sent_mail_in_either_shape(world: World, shape: str) -> None:
    for number in range(5):
        last = world.gmail.deliver(letter(ADA, "bob@client.example", f"Draft {number}"), labels=["DRAFT"])
        if number < 4 or shape == "added":
            world.gmail.delete(last)
        world.push()
    if shape == "added":
        world.gmail.deliver(letter(ADA, "bob@client.example", "Final"), labels=["SENT"])
    else:
        world.gmail.label(last, remove=["DRAFT"], add=["SENT"])
    world.push()
    assert len(world.messages()) == 1
    assert world.messages()[0].direction == "outbound"
    assert world.gmail.calls["full"] == 1


def test_R20_a_mail_that_repeats_a_message_id_with_another_date_is_another_mail(world: World) -> None:
    world.gmail.deliver(letter(BOB, subject="One", Message_ID="<same@client.example>"))
    again = letter(BOB, subject="Two", Message_ID="<same@client.example>").replace("09:30", "09:31")
    world.gmail.deliver(again)
    world.gmail.deliver(again)
    world.push()
    assert sorted(world.conversation("bob")) == ["One", "Two"]


def test_R54_mail_sent_in_gmail_itself_counts_against_the_limit(world: World) -> None:
    world.gmail.deliver(letter(ADA, "bob@client.example"), labels=["SENT"])
    world.gmail.deliver(letter(ADA, "eve@other.example"), labels=["SENT"])
    world.push()
    assert sum(world.mailbox.sent.values()) == 2


def test_gmails_quota_of_a_minute_is_kept(world: World) -> None:
    for number in range(400):
        world.gmail.deliver(letter("eve@other.example", subject=f"Number {number}"))
    started = world.clock.now()
    world.push()
    assert (world.clock.now() - started).total_seconds() >= 60
    assert len(world.left_out()) == 400


def dies_at(world: World, number: int, when: str) -> None:
    """The process dies before or after the commit with that number."""
    count = itertools.count()

    def die(_writes: object) -> None:
        if next(count) == number:
            raise Killed

    setattr(world.store, f"{when}_commit", die)
    with contextlib.suppress(Killed):
        world.push()
    setattr(world.store, f"{when}_commit", lambda _: None)


@pytest.mark.parametrize("chunk", [2, 50])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(12))
def test_F07_F08_whatever_write_the_process_dies_at_the_mail_is_stored_once(number: int, when: str, chunk: int) -> None:
    world = World()
    world.ports = replace(world.ports, chunk=chunk)
    world.contact("bob", "bob@client.example")
    world.clock.advance(minutes=5)
    for one in range(3):
        world.gmail.deliver(letter(BOB, subject=f"Number {one}", Message_ID=f"<{one}@client.example>"))
        world.gmail.deliver(letter("eve@other.example"))
    dies_at(world, number, when)
    for _ in range(3):
        world.clock.advance(minutes=2)
        world.tick()
        world.push()
    assert sorted(world.conversation("bob")) == ["Number 0", "Number 1", "Number 2"]
    assert world.gmail.calls["full"] <= 6
    assert world.gmail.calls["headers"] <= 6 + 2 * min(chunk, 6)
    assert (world.mailbox.tally.stored, world.mailbox.tally.left_out) == (3, 3)
    assert {event.id for event in world.topics.announced if event.type == "message.stored"} == {
        f"message.stored:{HERE}:{message.id}" for message in world.messages()
    }
    assert not world.mailbox.holder


def test_F08_a_commit_whose_answer_is_lost_is_not_done_twice(world: World) -> None:
    world.gmail.deliver(letter(BOB))
    lost = itertools.count()

    def lose(_writes: object) -> None:
        if next(lost) == 1:
            raise Transient("store: DeadlineExceeded")

    world.store.after_commit = lose
    world.push()
    world.clock.advance(minutes=2)
    world.tick()
    assert world.conversation("bob") == ["Hello"]
    conversation = world.store.documents[f"locations/{HERE}/conversations/bob"][0]
    assert conversation["message_count"] == 1


def test_a_mail_that_gmail_refuses_for_good_is_parked(world: World) -> None:
    name = world.gmail.deliver(letter(BOB))

    def refuse(call: str, _what: str) -> None:
        if call == "headers":
            raise Refused("invalidArgument", "no")

    world.gmail.fail = refuse
    world.push()
    assert set(world.parked()) == {name}


def test_F04_mail_whose_notification_was_dropped_within_a_second_of_the_last_one_is_found_by_the_next_run(
    world: World,
) -> None:
    world.gmail.deliver(letter(BOB, subject="One"))
    world.push()
    world.gmail.deliver(letter(BOB, subject="Two"))
    world.clock.advance(seconds=60)
    world.tick()
    assert sorted(world.conversation("bob")) == ["One", "Two"]
    assert world.tick() == []


def calling_entry(subject: str) -> OutboxEntry:
    return OutboxEntry(
        MessageId("entry"),
        HERE,
        UserId("ada"),
        MailboxId("mailbox-ada"),
        "digest",
        datetime(2026, 3, 1, tzinfo=UTC),
        state=EntryState.CALLING,
        to=(Person("", Address("bob@client.example")),),
        subject=subject,
    )


def test_F53_a_sent_mail_that_may_be_a_send_in_doubt_waits_until_that_is_settled(world: World) -> None:
    entry = calling_entry("Offer")
    world.store.commit([Put(keys.outbox(entry.id), entry)])
    name = world.gmail.deliver(letter(ADA, "bob@client.example", "Offer"), labels=["SENT"])
    world.gmail.deliver(letter(ADA, "bob@client.example", "Something else"), labels=["SENT"])
    world.push()
    assert world.conversation("bob") == ["Something else"]
    assert world.parked() == {name: "may be a send in doubt"}
    world.store.commit([Put(keys.outbox(entry.id), replace(entry, state=EntryState.FAILED))])
    world.clock.advance(minutes=2)
    world.tick()
    assert sorted(world.conversation("bob")) == ["Offer", "Something else"]


def test_F53_once_the_marker_is_known_to_survive_a_mail_without_it_is_none_of_ours(world: World) -> None:
    entry = calling_entry("Offer")
    keeping = replace(world.mailbox, keeps_marker=True)
    world.store.commit([Put(keys.outbox(entry.id), entry), Put(keys.mailbox(keeping.id), keeping)])
    world.gmail.deliver(letter(ADA, "bob@client.example", "Offer"), labels=["SENT"])
    world.push()
    assert world.store.operations["queries"] == 0
    assert world.conversation("bob") == ["Offer"]
