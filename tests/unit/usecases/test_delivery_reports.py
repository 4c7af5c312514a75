"""A delivery report marks the CRM's mail that it is about, is not kept itself, and is believed with care (R57)."""

import contextlib
from collections.abc import Callable, Sequence
from email import message_from_string
from functools import partial

import pytest

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, MessageId
from shared.domain.message import Message, Status
from shared.errors import Transient
from shared.ports.world import Event
from shared.usecases.process_notification import Ending
from tests.unit.domain import reports
from tests.unit.domain.reports import report, undelivered
from tests.unit.inbound import ADA, HERE, letter
from tests.unit.outbound import CARL, Outbound

THERE = LocationId("there")
TO_BOTH = {"to": [{"address": CARL}], "cc": [{"address": reports.RECIPIENT}]}


class Killed(BaseException):
    """The process died: nothing of the product may catch it."""


@pytest.fixture
def world() -> Outbound:
    world = Outbound()
    world.clock.advance(minutes=5)
    return world


def sent_id(world: Outbound, at: int = 0) -> str:
    return str(message_from_string(world.sent()[at])["Message-ID"])


def arrives(world: Outbound, raw: bytes | str, about: str = "", *, thread: str = "") -> GmailId:
    text = raw if isinstance(raw, str) else raw.decode().replace("\r\n", "\n")
    name = world.gmail.deliver(text.replace(reports.ORIGINAL, about or sent_id(world)), thread=thread)
    world.push()
    return name


def bounced(world: Outbound) -> list[Event]:
    return [event for event in world.topics.announced if event.type == "message.bounced"]


def unmarked(message: Message) -> bool:
    return (message.bounces, message.failure, message.status) == ((), None, Status.SENT)


@pytest.mark.parametrize("server", [reports.GMAIL, reports.EXCHANGE, reports.QMAIL, reports.EXIM])
@pytest.mark.parametrize("synced_first", [False, True])
def test_R57_a_report_marks_the_mail_and_is_not_kept(world: Outbound, server: str, synced_first: bool) -> None:
    sent = world.send(TO_BOTH)
    if synced_first:
        world.push()
    name = arrives(world, server)
    message = world.shown(sent)
    (bounce,) = message.bounces
    assert (bounce.address, bounce.at) == (reports.RECIPIENT, world.gmail.mails[name].at)
    assert message.status is Status.SENT
    assert message.failure
    assert message.failure.code == "bounced"
    assert bounce.reason in message.failure.message
    assert message.failure.action
    assert world.left_out() == {name: "R57"}
    assert world.conversation("carl") == ["An offer"]
    assert world.bodies_asked() == {name}
    (event,) = bounced(world)
    assert event.details == {"message": sent, "conversation": "carl"}


def test_R57_T28_nothing_of_the_report_is_kept_or_told(world: Outbound) -> None:
    world.send(TO_BOTH)
    arrives(world, reports.GMAIL.replace("Address not found", "CANARY").replace("try\n", "CANARY\n"))
    everything = repr(world.store.documents) + repr(world.blobs.contents) + repr(world.topics.announced)
    assert "CANARY" not in everything
    assert "mailer-daemon" not in everything
    assert reports.RECIPIENT not in repr(world.topics.announced)


def test_R57_a_report_that_names_the_mail_by_its_thread_alone_marks_it(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    (source,) = world.shown(sent).sources.values()
    raw = report(undelivered()).replace(f"Message-ID: {reports.ORIGINAL}".encode(), b"X-Nothing: here")
    arrives(world, raw, thread=source.thread_id)
    assert [one.address for one in world.shown(sent).bounces] == [reports.RECIPIENT]


def test_R57_the_mail_inside_the_report_says_which_of_the_thread_it_is(world: Outbound) -> None:
    first = world.send(TO_BOTH)
    world.push()
    second = world.send({**TO_BOTH, "reply_to": first, "subject": "Re: An offer"}, key="key-2")
    world.push()
    (source,) = world.shown(second).sources.values()
    arrives(world, report(undelivered()), sent_id(world, 0), thread=source.thread_id)
    assert [one.address for one in world.shown(first).bounces] == [reports.RECIPIENT]
    assert unmarked(world.shown(second))


def test_R57_a_report_about_the_users_own_mail_in_the_thread_marks_no_mail_of_the_crm(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    (source,) = world.shown(sent).sources.values()
    own = letter(ADA, CARL, subject="Re: An offer", Cc=reports.RECIPIENT, Message_ID="<own@mail.gmail.com>")
    world.gmail.deliver(own, labels=["SENT"], thread=source.thread_id)
    arrives(world, report(undelivered()), "<own@mail.gmail.com>", thread=source.thread_id)
    assert unmarked(world.shown(sent))


def test_R57_R23_a_report_about_mail_that_the_crm_did_not_send_is_never_read(world: Outbound) -> None:
    own = letter(ADA, "stranger@other.example", Message_ID="<own@mail.gmail.com>")
    world.gmail.deliver(own, labels=["SENT"])
    name = arrives(world, reports.GMAIL, "<own@mail.gmail.com>")
    assert world.left_out()[name] == "R23"
    assert world.bodies_asked() == set()


def test_R57_a_delay_marks_nothing(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    name = arrives(world, reports.POSTFIX_LATE, thread=next(iter(world.shown(sent).sources.values())).thread_id)
    assert world.left_out() == {name: "R57"}
    assert unmarked(world.shown(sent))
    assert bounced(world) == []


def test_R57_a_forged_report_marks_nobody_that_the_mail_did_not_go_to(world: Outbound) -> None:
    sent = world.send()
    about = {"In_Reply_To": reports.ORIGINAL}
    arrives(world, report(undelivered("somebody@else.example"), **about))
    assert unmarked(world.shown(sent))
    forged = "mx.google.com; dmarc=fail header.from=googlemail.com"
    name = arrives(world, report(undelivered(CARL), **about, Authentication_Results=forged))
    assert unmarked(world.shown(sent))
    assert world.left_out()[name] == "R57"
    assert name not in world.bodies_asked()


def test_R57_a_report_whose_sender_is_a_contact_is_ordinary_mail(world: Outbound) -> None:
    world.contact("daemon", "mailer-daemon@googlemail.com")
    world.clock.advance(minutes=1)
    sent = world.send(TO_BOTH)
    arrives(world, reports.GMAIL)
    assert unmarked(world.shown(sent))
    assert world.conversation("daemon") == ["Delivery Status Notification (Failure)"]
    (stored,) = [one for one in world.messages() if one.conversation == "daemon"]
    assert stored.automatic


def test_R57_a_contacts_automatic_reply_is_stored_and_marked_and_claims_nothing(world: Outbound) -> None:
    sent = world.send()
    (source,) = world.shown(sent).sources.values()
    away = letter(CARL, subject="Away", Return_Path="<>", Auto_Submitted="auto-replied", In_Reply_To=sent_id(world))
    world.gmail.deliver(away, thread=source.thread_id)
    world.push()
    (stored,) = [one for one in world.messages() if one.subject == "Away"]
    assert stored.automatic
    assert unmarked(world.shown(sent))


def test_R57_R11_a_known_persons_holiday_reply_is_no_report_for_its_empty_sender(world: Outbound) -> None:
    sent = world.send({**TO_BOTH, "cc": [{"address": "dan@other.example"}]})
    (source,) = world.shown(sent).sources.values()
    arrives(world, reports.HOLIDAY, thread=source.thread_id)
    assert sorted(world.conversation("carl")) == ["An offer", "Away"]
    assert unmarked(world.shown(sent))


def test_R57_several_reports_add_up_and_one_that_comes_twice_changes_nothing(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    about = {"In_Reply_To": reports.ORIGINAL}
    arrives(world, report(undelivered(), **about))
    once = world.shown(sent)
    arrives(world, report(undelivered(status="5.9.9"), **about))
    assert world.shown(sent) == once
    arrives(world, report(undelivered(CARL, "5.2.2"), **about))
    message = world.shown(sent)
    assert [(one.address, one.status) for one in message.bounces] == [(reports.RECIPIENT, "5.1.1"), (CARL, "5.2.2")]
    assert message.failure
    assert "1 more" in message.failure.message


def test_R57_two_reports_in_one_chunk_both_count(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    for address in (CARL, reports.RECIPIENT):
        raw = report(undelivered(address), In_Reply_To=reports.ORIGINAL).decode().replace("\r\n", "\n")
        world.gmail.deliver(raw.replace(reports.ORIGINAL, sent_id(world)))
    world.push()
    assert {one.address for one in world.shown(sent).bounces} == {CARL, reports.RECIPIENT}


def test_R57_R55_a_mail_that_bounced_stays_marked_when_its_sending_is_recorded_once_more(world: Outbound) -> None:
    """The report can be there before the worker that sent the mail has written down that it did."""
    accepted = world.accept(TO_BOTH)
    world.sender.after = die_after_finish()
    with contextlib.suppress(Killed):
        world.deliver(accepted.id)
    world.push()
    arrives(world, reports.GMAIL)
    world.sender.after = lambda _: None
    world.drain(30)
    message = world.shown(accepted.id)
    assert message.status is Status.SENT
    assert [one.address for one in message.bounces] == [reports.RECIPIENT]
    assert message.failure


def die_after_finish() -> Callable[[str], None]:
    def die(call: str) -> None:
        if call == "finish":
            raise Killed

    return die


def test_R40_a_report_marks_in_the_location_that_sent_alone(world: Outbound) -> None:
    world.location(THERE)
    world.link(THERE)
    world.contact("carl-there", CARL, THERE)
    sent = world.send(TO_BOTH)
    arrives(world, reports.GMAIL)
    assert world.shown(sent).bounces
    assert world.messages(THERE) == []
    assert [event.location for event in bounced(world)] == [HERE]


def test_R61_R57_reports_make_no_contacts(world: Outbound) -> None:
    world.policy("populate_contacts")
    world.send(TO_BOTH)
    arrives(world, reports.EXCHANGE)
    arrives(world, reports.EXCHANGE, "<never-seen@mail.gmail.com>")
    assert [event for event in world.topics.announced if event.type == "contact.created"] == []


def test_R24_an_excluded_report_is_not_read(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    world.policy(exclusions=["googlemail.com"])
    name = arrives(world, reports.GMAIL)
    assert world.left_out() == {name: "R24"}
    assert unmarked(world.shown(sent))


def test_R25_a_thread_that_had_a_report_does_not_know_its_sender(world: Outbound) -> None:
    sent = world.send(TO_BOTH)
    (source,) = world.shown(sent).sources.values()
    arrives(world, reports.GMAIL, thread=source.thread_id)
    world.gmail.deliver(letter("mailer-daemon@googlemail.com", subject="News"), thread=source.thread_id)
    world.push()
    assert world.conversation("carl") == ["An offer"]


def test_F15_a_report_that_is_deleted_before_it_is_read_is_gone(world: Outbound) -> None:
    sent = world.send(TO_BOTH)

    def vanish(call: str, what: str) -> None:
        if call == "full":
            world.gmail.mails.pop(what, None)

    world.gmail.fail = vanish
    name = world.gmail.deliver(reports.GMAIL.replace(reports.ORIGINAL, sent_id(world)))
    world.push()
    assert list(world.parked()) == [name]
    world.clock.advance(seconds=11)
    world.tick()
    assert world.parked() == {}
    assert world.mailbox.tally.gone == 1
    assert unmarked(world.shown(sent))


def test_F18_a_report_waits_with_its_mailbox(world: Outbound) -> None:
    sent = world.send(TO_BOTH)

    def trouble(call: str, _what: str) -> None:
        if call == "full":
            raise Transient("gmail: 503")

    world.gmail.fail = trouble
    world.gmail.deliver(reports.GMAIL.replace(reports.ORIGINAL, sent_id(world)))
    assert world.push().ending is Ending.PAUSED
    world.gmail.fail = lambda *_: None
    world.clock.advance(minutes=5)
    world.tick()
    assert world.shown(sent).bounces


def test_F29_a_report_that_gmail_never_gives_waits_alone(world: Outbound) -> None:
    world.send(TO_BOTH)

    def trouble(call: str, what: str) -> None:
        if call == "full" and what == name:
            raise Transient("gmail: 503")

    name = world.gmail.deliver(reports.GMAIL.replace(reports.ORIGINAL, sent_id(world)))
    world.gmail.fail = trouble
    world.gmail.deliver(letter(CARL, subject="Behind it"))
    for _ in range(6):
        world.push()
        world.clock.advance(minutes=20)
        world.tick()
    assert "Behind it" in world.conversation("carl")
    assert list(world.parked()) == [name]


@pytest.mark.parametrize("trouble", [Killed, partial(Transient, "topics")])
def test_R75_R73_an_event_that_got_lost_is_told_again_and_the_report_counted_once(
    world: Outbound, trouble: Callable[[], BaseException]
) -> None:
    sent = world.send(TO_BOTH)
    world.push()
    before = world.mailbox.tally.left_out
    real = world.topics.announce
    failed: list[int] = []

    def broken(events: Sequence[Event]) -> None:
        if not failed:
            failed.append(1)
            raise trouble()
        real(events)

    world.topics.announce = broken  # type: ignore[method-assign]
    with contextlib.suppress(Killed):
        arrives(world, reports.GMAIL)
    world.clock.advance(minutes=5)
    world.tick()
    assert {event.details["message"] for event in bounced(world)} == {sent}
    assert len({event.id for event in bounced(world)}) == 1
    assert len(world.shown(sent).bounces) == 1
    assert world.mailbox.tally.left_out == before + 1


def test_a_changed_conversation_shows_as_changed(world: Outbound) -> None:
    world.send(TO_BOTH)
    key = keys.conversation(HERE, world.shown(world.entry_id()).conversation)
    before = world.store.read(key).value(key)
    world.clock.advance(minutes=3)
    arrives(world, reports.GMAIL)
    after = world.store.read(key).value(key)
    assert before
    assert after
    assert after.changed_ms > before.changed_ms
    assert (after.message_count, after.unread) == (before.message_count, before.unread)


def test_the_last_send_of_a_thread_is_remembered_for_each_location(world: Outbound) -> None:
    sent = world.send()
    (source,) = world.shown(sent).sources.values()
    key = keys.thread(world.mailbox_id, source.thread_id)
    thread = world.store.read(key).value(key)
    assert thread
    assert thread.sends == {HERE: MessageId(sent)}
