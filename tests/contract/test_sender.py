"""The way out: one suite on the fake, and on the real adapter against a server that behaves as Gmail does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from shared.domain.composition import Composition
from shared.domain.identifiers import GmailId, ThreadId
from shared.errors import Doubtful, Gone, Refused, Transient
from shared.ports.gmail import SentMail, SessionAnswer
from tests.contract.ways_out import MIB, WayOut, fake_way_out, letter, pattern, simulated_way_out
from tests.simulator.running import Running, start

MARKER = "X-Gmail-Sync-Entry"
OFFER = "<offer@customer.example>"


@pytest.fixture(scope="module")
def google() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@pytest.fixture(params=["fake", "gmail"])
def way(request: pytest.FixtureRequest) -> Iterator[WayOut]:
    if request.param == "fake":
        yield fake_way_out()
        return
    simulated = simulated_way_out(request.getfixturevalue("google"))
    yield simulated
    simulated.mends()


def send(way: WayOut, composed: Composition, thread: ThreadId | None = None) -> SentMail:
    return way.sender.finish(way.sender.begin(composed.size, thread), composed)


def attached(raw: bytes) -> bytes:
    content = message_from_bytes(raw).get_payload(1).get_payload(decode=True)  # type: ignore[union-attr]
    assert isinstance(content, bytes)
    return content


def test_r10_a_mail_is_sent_once_and_whole(way: WayOut) -> None:
    send(way, letter(way.email, 100_000))

    (raw,) = way.sent()
    assert message_from_bytes(raw)["Subject"] == "An offer"
    assert attached(raw) == b"".join(pattern(100_000)(0))


def test_the_headers_of_a_sent_mail_have_the_marker_and_another_message_id_than_ours(way: WayOut) -> None:
    sent = send(way, letter(way.email))

    kept = way.sender.message_id(sent.gmail_id)
    assert (kept.gmail_id, kept.thread_id, kept.labels) == (sent.gmail_id, sent.thread_id, frozenset({"SENT"}))
    assert kept.headers.first(MARKER) == "e1.mac"
    assert kept.headers.first("Message-ID") not in {None, "<e1@agency.example>"}


def test_a_marker_that_gmail_drops_is_not_among_the_headers(way: WayOut) -> None:
    way.drops_the_marker()

    sent = send(way, letter(way.email))

    assert way.sender.message_id(sent.gmail_id).headers.first(MARKER) is None


def test_a_mail_to_oneself_is_sent_and_in_the_inbox(way: WayOut) -> None:
    sent = send(way, letter(way.email, to=way.email))

    assert way.sender.message_id(sent.gmail_id).labels == {"SENT", "INBOX", "UNREAD"}


def test_a_mail_that_is_not_there_or_not_any_more_is_gone(way: WayOut) -> None:
    sent = send(way, letter(way.email))
    way.deletes(sent.gmail_id)

    for name in (sent.gmail_id, GmailId("18c0000000000000")):
        with pytest.raises(Gone):
            way.sender.message_id(name)


def test_an_upload_that_was_only_opened_sends_nothing(way: WayOut) -> None:
    composed = letter(way.email)
    first, second = way.sender.begin(composed.size, None), way.sender.begin(composed.size, None)
    assert way.sent() == []

    way.sender.finish(second, composed)

    assert len(way.sent()) == 1
    assert way.sender.ask(first, composed.size) == 0


def test_r14_an_answer_joins_the_thread_whose_mail_it_names(way: WayOut) -> None:
    thread = way.arrived("An offer", OFFER)

    sent = send(way, letter(way.email, subject="Re: An offer", answers=OFFER), thread)

    assert sent.thread_id == thread
    assert way.sender.message_id(sent.gmail_id).thread_id == thread


@pytest.mark.parametrize(("subject", "answers"), [("Something else", OFFER), ("Re: An offer", None)])
def test_r14_a_mail_of_another_subject_or_without_references_begins_a_thread(
    way: WayOut, subject: str, answers: str | None
) -> None:
    thread = way.arrived("An offer", OFFER)

    sent = send(way, letter(way.email, subject=subject, answers=answers), thread)

    assert sent.thread_id != thread


def test_a_thread_that_is_not_there_is_gone_and_nothing_is_sent(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, ThreadId("18c0000000000000"))

    with pytest.raises(Gone):
        way.sender.finish(session, composed)

    assert way.sent() == []
    assert not isinstance(way.sender.ask(session, composed.size), SentMail)


def test_f53_an_answer_that_is_lost_is_doubtful_and_the_session_has_the_one_mail(way: WayOut) -> None:
    composed = letter(way.email, 100_000)
    session = way.sender.begin(composed.size, None)
    way.loses_the_answer()

    with pytest.raises(Doubtful):
        way.sender.finish(session, composed)

    answer = way.sender.ask(session, composed.size)
    assert isinstance(answer, SentMail)
    assert way.sender.message_id(answer.gmail_id).headers.first(MARKER) == "e1.mac"
    assert len(way.sent()) == 1


def test_f53_a_request_that_is_lost_is_doubtful_and_the_session_goes_on_from_its_beginning(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, None)
    way.loses_the_request()

    with pytest.raises(Doubtful):
        way.sender.finish(session, composed)

    assert (way.sender.ask(session, composed.size), way.sent()) == (0, [])
    way.sender.finish(session, composed, start=0)
    assert len(way.sent()) == 1


@pytest.mark.parametrize("again", ["there", "from the beginning"])
def test_f53_a_session_that_got_a_part_goes_on_and_the_one_mail_is_whole(way: WayOut, again: str) -> None:
    composed = letter(way.email, 3 * MIB)
    session = way.sender.begin(composed.size, None)
    way.keeps_a_part()
    with pytest.raises(Doubtful):
        way.sender.finish(session, composed)

    have = way.sender.ask(session, composed.size)

    assert have == way.part(composed.size)
    assert way.sent() == []
    way.sender.finish(session, composed, start=way.part(composed.size) if again == "there" else 0)
    (raw,) = way.sent()
    assert attached(raw) == b"".join(pattern(3 * MIB)(0))


def test_an_upload_that_leaves_something_out_is_refused_and_the_session_may_still_be_used(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, None)

    with pytest.raises(Refused):
        way.sender.finish(session, composed, start=10)

    assert (way.sender.ask(session, composed.size), way.sent()) == (0, [])
    way.sender.finish(session, composed)
    assert len(way.sent()) == 1


def test_r55_a_session_that_ended_answers_with_its_mail_and_never_sends_again(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, None)
    sent = way.sender.finish(session, composed)

    assert way.sender.ask(session, composed.size) == sent
    assert way.sender.finish(session, composed) == sent
    assert way.sender.ask(session, composed.size) == sent
    assert len(way.sent()) == 1


def test_f53_a_session_that_is_forgotten_says_that_it_does_not_know_and_takes_nothing(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, None)
    way.sender.finish(session, composed)
    way.forgets_what_ended()

    assert way.sender.ask(session, composed.size) is SessionAnswer.UNKNOWN
    with pytest.raises(Gone):
        way.sender.finish(session, composed)
    assert len(way.sent()) == 1


def test_a_session_that_never_was_says_that_it_does_not_know_and_takes_nothing(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, None) + "0"

    assert way.sender.ask(session, composed.size) is SessionAnswer.UNKNOWN
    with pytest.raises(Gone):
        way.sender.finish(session, composed)
    assert way.sent() == []


def test_f56_a_mail_to_nobody_is_refused_and_certainly_not_sent(way: WayOut) -> None:
    composed = letter(way.email, to=None)
    session = way.sender.begin(composed.size, None)

    with pytest.raises(Refused):
        way.sender.finish(session, composed)

    have = way.sender.ask(session, composed.size)
    assert isinstance(have, int)
    assert have < composed.size
    assert way.sent() == []


def test_f54_a_mail_that_gmail_has_no_time_for_is_certainly_not_sent_until_it_goes_out_later(way: WayOut) -> None:
    composed = letter(way.email)
    session = way.sender.begin(composed.size, None)
    way.is_busy(timedelta(hours=1))

    with pytest.raises(Transient) as caught:
        way.sender.finish(session, composed)

    assert caught.value.retry_at
    assert 3_000 < (caught.value.retry_at - datetime.now(UTC)).total_seconds() < 3_700
    assert (way.sender.ask(session, composed.size), way.sent()) == (0, [])
    way.sender.finish(session, composed)
    assert len(way.sent()) == 1
