"""The way of an accepted mail to its end."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from shared.domain import keys
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import ContactId, MailboxId, MessageId, ThreadId
from shared.domain.mailbox import Grant, Trouble
from shared.domain.message import Message, Source, Status, milliseconds
from shared.domain.outbox import EntryState
from shared.errors import Doubtful, GrantLost, Refused, Rejected, Remedy, Transient
from shared.ports.store import Put
from tests.unit.inbound import ADA, HERE
from tests.unit.outbound import CARL, USER, Outbound, file_part, once


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def types(world: Outbound) -> list[str]:
    return [event.type for event in world.topics.announced]


def test_r10_a_sent_mail_lies_in_the_sent_folder_once_and_is_known_by_every_name(world: Outbound) -> None:
    name = world.send({}, file_part("a.txt", b"hello", "text/plain"))

    (raw,) = world.sent()
    shown, entry = world.shown(name), world.entry(name)
    assert f"X-Gmail-Sync-Entry: {name}." in raw
    assert (shown.status, entry.state, entry.settle_at) == (Status.SENT, EntryState.SENT, None)
    assert shown.message_id == "<gmail-0@mail.example>"
    source = shown.sources[world.mailbox_id]
    assert world.known(source.gmail_id)
    aliases = [fields["alias_of"] for fields, _ in world.store.documents.values() if "alias_of" in fields]
    assert aliases == [name]
    assert types(world) == ["message.sent"]


def test_r11_the_thread_of_a_sent_mail_belongs_to_its_conversation(world: Outbound) -> None:
    name = world.send()

    source = world.shown(name).sources[world.mailbox_id]
    thread = world.store.read(keys.thread(world.mailbox_id, source.thread_id)).value(
        keys.thread(world.mailbox_id, source.thread_id)
    )
    assert thread
    assert thread.pins == {HERE: "carl"}
    assert len(thread.people[HERE]) == 1


def test_r10_f58_the_sync_that_sees_the_sent_copy_afterwards_adds_nothing(world: Outbound) -> None:
    name = world.send()
    world.push()

    assert [message.id for message in world.messages()] == [name]
    assert world.used() == 1


def test_f58_the_sync_that_sees_the_sent_copy_first_makes_one_message_of_both(world: Outbound) -> None:
    seen: list[str] = []

    def synced(call: str) -> None:
        if call == "finish" and not seen:
            seen.append(call)
            world.push()

    world.sender.after = synced
    name = world.send()

    assert [message.id for message in world.messages()] == [name]
    assert (world.shown(name).status, len(world.sent()), world.used()) == (Status.SENT, 1, 1)


@pytest.mark.parametrize("state", [EntryState.CALLING, EntryState.UNKNOWN, EntryState.FAILED, EntryState.QUEUED])
def test_the_sync_adopts_a_sent_copy_in_whatever_state_the_entry_is(world: Outbound, state: EntryState) -> None:
    name = world.send()
    raw = world.sent()[0]
    entry = world.entry(name)
    fresh = Outbound()
    fresh.accept()
    fresh.store.commit([Put(keys.outbox(name), replace(entry, state=state, gmail_id="", settle_at=None))])
    fresh.gmail.deliver(raw, labels=("SENT",))

    fresh.push()
    fresh.drain(30)

    assert fresh.shown(name).status is Status.SENT
    assert [message.id for message in fresh.messages()] == [name]
    assert len(fresh.sent()) == 1, "what was found as sent is not sent again"


def test_a_copied_marker_on_mail_that_was_not_sent_from_here_adopts_nothing(world: Outbound) -> None:
    name = world.accept().id
    marker = f"{name}.{world.delivery.sealer.sign(name, purpose='marker')}"
    forged = f"From: {CARL}\nTo: {ADA}\nSubject: x\nX-Gmail-Sync-Entry: {marker}\n\nx"
    world.gmail.deliver(forged, labels=("INBOX",))
    world.gmail.deliver(forged.replace(f"From: {CARL}", f"From: {ADA}"), labels=("INBOX",))

    world.push()

    assert world.entry(name).state is EntryState.QUEUED


def test_a_copied_marker_on_mail_that_another_mailbox_sent_adopts_nothing(world: Outbound) -> None:
    name = world.accept().id
    world.store.commit([Put(keys.outbox(name), replace(world.entry(name), mailbox=MailboxId("another")))])
    marker = f"{name}.{world.delivery.sealer.sign(name, purpose='marker')}"
    world.gmail.deliver(f"From: {ADA}\nTo: {CARL}\nSubject: x\nX-Gmail-Sync-Entry: {marker}\n\nx", labels=("SENT",))

    world.push()

    assert world.entry(name).state is EntryState.QUEUED


def test_told_twice_or_ten_times_it_is_sent_once(world: Outbound) -> None:
    name = world.accept().id
    for _ in range(10):
        world.deliver(name)

    assert len(world.sent()) == 1


def test_f54_a_rate_refusal_keeps_it_queued_with_the_time_shown_and_holds_the_whole_mailbox(world: Outbound) -> None:
    until = world.clock.now() + timedelta(hours=2)
    world.sender.before = once(Transient("gmail: rate limit", retry_at=until))
    first = world.send(key="1")
    second = world.send({"subject": "Other"}, key="2")

    assert world.mailbox.sends_paused_until == until
    for name in (first, second):
        shown = world.shown(name)
        assert shown.failure
        assert (shown.status, shown.failure.retry_at) == (Status.QUEUED, until)
    assert world.sender.mailbox.mails == {}
    world.drain(125)
    assert len(world.sent()) == 2
    assert world.shown(first).failure is None


def test_r54_what_gmail_does_not_take_for_a_day_has_failed_and_its_place_is_given_back(world: Outbound) -> None:
    def busy(call: str) -> None:
        if call == "finish":
            raise Transient("gmail: rate limit", retry_at=world.clock.now() + timedelta(hours=7))

    world.sender.before = busy
    name = world.send()
    world.drain(60 * 26, syncing=False)

    shown = world.shown(name)
    assert shown.failure
    assert (shown.status, shown.failure.code, world.used()) == (Status.FAILED, "expired", 0)


def test_a_refusal_for_now_without_a_time_is_tried_again_with_growing_distance(world: Outbound) -> None:
    refusals: list[datetime] = []

    def refuse(call: str) -> None:
        if call == "begin" and len(refusals) < 3:
            refusals.append(world.clock.now())
            raise Transient("gmail: 503")

    world.sender.before = refuse
    name = world.send()
    world.drain(20)

    assert world.shown(name).status is Status.SENT
    gaps = [later - earlier for earlier, later in pairwise(refusals)]
    assert gaps == sorted(gaps)
    assert world.mailbox.sends_paused_until is None


def test_f56_a_refusal_for_good_is_shown_and_gives_the_place_back(world: Outbound) -> None:
    world.sender.before = once(Refused("invalidArgument", "Gmail refused the request (400)."))
    name = world.send()

    shown = world.shown(name)
    assert shown.failure
    assert (shown.status, shown.failure.code, world.used()) == (Status.FAILED, "refused", 0)
    assert types(world) == ["message.failed"]
    world.drain(120)
    assert world.sent() == []


def test_a_thread_that_was_deleted_in_gmail_does_not_keep_the_answer_back(world: Outbound) -> None:
    world.store.commit(
        [
            Put(
                keys.message(HERE, MessageId("asked")),
                Message(
                    MessageId("asked"),
                    ContactId("carl"),
                    subject="Question",
                    message_id="<q@customer.example>",
                    sources={world.mailbox_id: Source(world.gmail.deliver("Subject: x\n\nx"), ThreadId("gone"))},
                ),
            )
        ]
    )
    name = world.send({"reply_to": "asked", "subject": "Re: Question"})
    world.drain(3)

    (raw,) = world.sent()
    assert "In-Reply-To: <q@customer.example>" in raw
    assert world.shown(name).status is Status.SENT


def test_f57_a_lost_grant_keeps_the_mail_and_tells_the_user(world: Outbound) -> None:
    world.sender.before = once(GrantLost(Remedy.RECONNECT, "invalid_grant"))
    name = world.send()

    shown = world.shown(name)
    assert shown.failure
    assert (shown.status, shown.failure.code, world.used()) == (Status.FAILED, "reauth_required", 0)
    assert world.mailbox.trouble
    assert types(world) == ["connection.reauth_required", "message.failed"]
    assert shown.body.text == "Take it."


def test_f21_a_grant_that_was_replaced_while_it_was_refused_sends_after_all(world: Outbound) -> None:
    def replaced(call: str) -> None:
        if call == "begin" and world.mailbox.grant == Grant("sealed-1", 1):
            world.change_mailbox(grant=Grant("sealed-2", 2))
            raise GrantLost(Remedy.RECONNECT, "invalid_grant")

    world.sender.before = replaced
    name = world.send()
    world.drain(2)

    assert (world.shown(name).status, len(world.sent()), world.mailbox.trouble) == (Status.SENT, 1, None)


def test_r39_a_queued_mail_of_a_disconnected_user_fails(world: Outbound) -> None:
    name = world.accept().id
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    world.store.commit([Put(key, replace(connection, state=ConnectionState.DISCONNECTED))])

    world.deliver(name)

    shown = world.shown(name)
    assert shown.failure
    assert (shown.status, shown.failure.code, world.sent()) == (Status.FAILED, "disconnected", [])


def test_r39_a_mail_that_was_queued_before_a_new_connection_does_not_go_out_by_it(world: Outbound) -> None:
    name = world.accept().id
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    later = world.clock.now() + timedelta(minutes=1)
    world.store.commit([Put(key, replace(connection, connected_at=later))])

    world.deliver(name)

    assert (world.shown(name).status, world.sent()) == (Status.FAILED, [])


def test_r50_a_mailbox_in_trouble_sends_nothing(world: Outbound) -> None:
    name = world.accept().id
    world.change_mailbox(trouble=Trouble(Remedy.ADMINISTRATOR, "domainPolicy", world.clock.now()))

    world.deliver(name)

    failure = world.shown(name).failure
    assert failure
    assert (failure.code, world.sent()) == ("blocked", [])


def test_a_worker_that_took_too_long_to_begin_does_not_call(world: Outbound) -> None:
    def slow(call: str) -> None:
        if call == "begin":
            world.clock.advance(seconds=31)

    world.sender.after = slow
    name = world.send()

    assert (world.entry(name).state, world.sent()) == (EntryState.CLAIMED, [])
    world.sender.after = lambda _: None
    world.drain(3)
    assert len(world.sent()) == 1


def test_a_push_that_comes_again_while_another_worker_has_the_claim_leaves_it_alone(world: Outbound) -> None:
    seen: list[EntryState | None] = []

    def again(call: str) -> None:
        if call == "begin":
            seen.append(world.deliver(world.entry_id()).state)

    world.sender.before = again
    name = world.send()

    assert (seen, world.entry(name).attempt, len(world.sent())) == ([EntryState.CLAIMED], 1, 1)


def test_a_worker_that_comes_back_late_with_a_refusal_changes_nothing_of_what_others_did(world: Outbound) -> None:
    slept: list[str] = []

    def sleepy(call: str) -> None:
        if call == "begin" and not slept:
            slept.append(call)
            world.clock.advance(seconds=61)
            world.deliver(world.entry_id())
            raise Transient("gmail: 503")

    world.sender.before = sleepy
    name = world.send()
    world.drain(30)

    assert (world.shown(name).status, len(world.sent()), world.entry(name).attempt) == (Status.SENT, 1, 2)


def test_r56_a_failed_mail_can_be_sent_again_under_the_same_id(world: Outbound) -> None:
    world.sender.before = once(Refused("invalidArgument", "no"))
    name = world.send()

    world.retry(name)
    world.drain(2)

    assert (world.shown(name).status, world.shown(name).failure) == (Status.SENT, None)
    assert (len(world.sent()), world.used()) == (1, 1)


def test_r56_a_retry_shows_among_the_conversations_that_changed(world: Outbound) -> None:
    world.sender.before = once(Refused("invalidArgument", "no"))
    name = world.send()
    world.clock.advance(minutes=5)

    world.retry(name)

    key = keys.conversation(HERE, world.entry(name).conversation)
    conversation = world.store.read(key).value(key)
    assert conversation
    assert conversation.changed_ms == milliseconds(world.clock.now())


@pytest.mark.parametrize("was_sent", [None, True, False])
def test_only_what_failed_or_is_unknown_can_be_settled_by_its_user(world: Outbound, was_sent: bool | None) -> None:
    name = world.send()

    with pytest.raises(Rejected, match="not_retryable"):
        world.retry(name, was_sent)


def unknown(world: Outbound) -> MessageId:
    world.sender.forgets = True
    world.sender.before = once(Doubtful("reset"))
    name = world.send()
    world.drain(60)
    assert world.shown(name).status is Status.UNKNOWN
    return name


def test_r55_the_user_may_say_that_an_unknown_mail_was_sent(world: Outbound) -> None:
    name = unknown(world)
    with pytest.raises(Rejected, match="not_retryable"):
        world.retry(name)

    world.retry(name, was_sent=True)
    world.drain(2)

    assert (world.shown(name).status, world.sent()) == (Status.SENT, [])
    assert types(world)[-1] == "message.sent"
    assert world.used() == 1


def test_r55_the_user_may_send_an_unknown_mail_again(world: Outbound) -> None:
    name = unknown(world)

    world.retry(name, was_sent=False)
    world.drain(2)

    assert (world.shown(name).status, len(world.sent())) == (Status.SENT, 1)


def test_the_message_id_that_could_not_be_read_is_read_later(world: Outbound) -> None:
    left = [Transient("gmail: 503")]

    def fail(call: str) -> None:
        if call == "message_id" and left:
            raise left.pop()

    world.sender.before = fail
    name = world.send()
    assert (world.shown(name).status, world.shown(name).message_id) == (Status.SENT, None)

    world.drain(2, syncing=False)

    assert world.shown(name).message_id == "<gmail-0@mail.example>"
    assert world.entry(name).settle_at is None


def test_an_event_that_could_not_be_published_is_published_when_the_push_comes_again(world: Outbound) -> None:
    def down(topic: str) -> None:
        raise Transient(topic)

    name = world.accept().id
    world.topics.before_publish = down
    with pytest.raises(Transient):
        world.deliver(name)
    world.topics.before_publish = lambda _: None

    world.deliver(name)

    assert (types(world), len(world.sent())) == (["message.sent"], 1)


def test_an_entry_that_is_not_there_is_acknowledged(world: Outbound) -> None:
    assert world.deliver(MessageId("nothing")).state is None
