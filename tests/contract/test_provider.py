"""Mail providers: one suite on the fake, and on the real adapter against a server with TLS."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from shared.domain.addresses import Address, Person
from shared.domain.composition import Composition, File, Letter, compose
from shared.domain.identifiers import MessageId
from shared.errors import Doubtful, Refused, Transient
from shared.ports.provider import Answer, MailSession, Verdict
from tests.contract.mail_servers import SENDER, FakeServer, MailServer, SinkServer, sink_server
from tests.contract.ways_out import pattern

CARL, DORA = Address("carl@customer.example"), Address("dora@customer.example")
ACCEPTED = Answer(Verdict.ACCEPTED)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkServer]:
    with sink_server(tmp_path_factory.mktemp("provider")) as server:
        yield server


@pytest.fixture(params=["fake", "smtp"])
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    if request.param == "fake":
        yield FakeServer()
        return
    real: SinkServer = request.getfixturevalue("sink")
    yield real
    real.sink.taken.clear()
    real.sink.faults.clear()


def letter(text: str = "Take it.", *sizes: int) -> Composition:
    kind = "application/octet-stream"
    files = tuple(File(f"{at}.bin", kind, size, pattern(size)) for at, size in enumerate(sizes))
    to = (Person("", CARL),)
    return compose(
        Letter(
            MessageId("e1"), "", datetime(2026, 3, 2, tzinfo=UTC), SENDER, to=to, subject="News", text=text, files=files
        )
    )


def opened(server: MailServer) -> MailSession:
    return server.providers.open(server.provider)


def send(session: MailSession, *recipients: Address, mail: Composition | None = None) -> dict[Address, Answer]:
    return dict(session.send(SENDER.address, recipients or (CARL,), mail or letter()))


def test_a_mail_is_handed_over_once_and_whole_to_exactly_its_recipients(server: MailServer) -> None:
    mail = letter("First line.\n.\n..two\n.hidden\nlast", 300_000)

    answers = send(opened(server), CARL, DORA, mail=mail)

    (taken,) = server.taken()
    assert answers == {CARL: ACCEPTED, DORA: ACCEPTED}
    assert (taken.mail_from, taken.rcpt_to) == (SENDER.address, (CARL, DORA))
    assert taken.raw == b"".join(mail.open_at(0))
    assert message_from_bytes(taken.raw)["Message-ID"] == "<e1@provider.example>"


def test_many_mails_go_over_one_session(server: MailServer) -> None:
    session = opened(server)

    for one in (CARL, DORA, CARL):
        assert send(session, one) == {one: ACCEPTED}

    assert [taken.rcpt_to for taken in server.taken()] == [(CARL,), (DORA,), (CARL,)]
    session.close()


@pytest.mark.parametrize(("status", "verdict"), [(450, Verdict.DEFERRED), (550, Verdict.REFUSED)])
@pytest.mark.parametrize("step", ["rcpt", "end"])
def test_f60_a_refusal_is_that_recipients_alone_and_the_session_goes_on(
    server: MailServer, step: str, status: int, verdict: Verdict
) -> None:
    session = opened(server)
    server.fault(step, status=status, text="Not here", recipient=DORA)

    answers = send(session, DORA)

    assert (answers[DORA].verdict, f"{status} Not here" in answers[DORA].said) == (verdict, True)
    assert server.taken() == []
    assert send(session, CARL) == {CARL: ACCEPTED}


def test_f60_the_mail_goes_to_those_who_are_taken_and_names_those_who_are_not(server: MailServer) -> None:
    server.fault("rcpt", status=550, recipient=DORA)

    answers = send(opened(server), CARL, DORA)

    assert (answers[CARL], answers[DORA].verdict) == (ACCEPTED, Verdict.REFUSED)
    assert [taken.rcpt_to for taken in server.taken()] == [(CARL,)]


def test_f60_a_sender_that_is_not_taken_is_refused_as_such(server: MailServer) -> None:
    server.fault("mail", status=553)

    with pytest.raises(Refused, match="sender"):
        send(opened(server))


def test_f60_a_server_that_wants_nothing_for_now_is_transient(server: MailServer) -> None:
    server.fault("mail", status=451)

    with pytest.raises(Transient):
        send(opened(server))


@pytest.mark.parametrize("how", [{"drop": "before"}, {"status": 421}])
def test_f60_a_session_that_breaks_before_the_mail_is_whole_sent_nothing(
    server: MailServer, how: dict[str, object]
) -> None:
    server.fault("rcpt", **how)

    with pytest.raises(Transient):
        send(opened(server))

    assert server.taken() == []


@pytest.mark.parametrize(("drop", "count"), [("before", 0), ("after", 1)])
def test_f60_a_session_that_breaks_after_the_final_dot_leaves_doubt(server: MailServer, drop: str, count: int) -> None:
    server.fault("end", drop=drop)

    with pytest.raises(Doubtful):
        send(opened(server))

    assert len(server.taken()) == count
