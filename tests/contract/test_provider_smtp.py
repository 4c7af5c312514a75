"""What of a mail provider only the real adapter can show: encryption, passwords, slowness, odd addresses."""

import select
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.smtp import providers, session
from shared.adapters.smtp.providers import SmtpProviders
from shared.adapters.smtp.session import SmtpSession, spoken, stuffed
from shared.adapters.smtp.watch import Watch
from shared.domain.addresses import Address, Person, normalise
from shared.domain.composition import Letter, compose
from shared.domain.identifiers import MessageId
from shared.domain.internet import public
from shared.domain.provider import Provider, Security
from shared.errors import Doubtful, Gone, Refused, Transient
from shared.ports.provider import Answer, Verdict
from tests.contract.mail_servers import SENDER, PlainServer, SinkServer, sink_server
from tests.contract.test_provider import CARL, letter
from tests.sandbox.certificate import LOOPBACK, server_side, write_certificate

OFFERS = "250-mail.example\r\n250 STARTTLS"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkServer]:
    with sink_server(tmp_path) as server:
        yield server


@pytest.mark.parametrize("kind", ["provider", "encrypted"])
def test_r51_both_kinds_of_tls_carry_mail_after_signing_in(sink: SinkServer, kind: str) -> None:
    opened = sink.providers.open(getattr(sink, kind))

    assert opened.send(SENDER.address, [CARL], letter()) == {CARL: Answer(Verdict.ACCEPTED)}


@pytest.mark.parametrize("kind", ["provider", "encrypted"])
def test_f60_a_certificate_that_nobody_vouches_for_is_refused(sink: SinkServer, kind: str) -> None:
    with pytest.raises(Refused, match="tls"):
        sink.trusting("").open(getattr(sink, kind))


def test_f60_a_certificate_for_another_host_is_refused(tmp_path: Path, sink: SinkServer) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other, names=(x509.DNSName("elsewhere.example"),))
    sink.sink._tls = server_side(other)

    with pytest.raises(Refused, match="tls"):
        sink.trusting((other / "provider.pem").read_text()).open(sink.provider)


def test_f60_tls_before_1_2_is_refused(sink: SinkServer, tmp_path: Path) -> None:
    old = server_side(tmp_path)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    sink.sink._tls = old

    with pytest.raises((Refused, Transient)):
        sink.providers.open(sink.provider)

    assert sink.taken() == []


def test_f60_a_server_that_offers_no_starttls_hears_neither_password_nor_mail() -> None:
    server = PlainServer("220 mail.example", "250-mail.example\r\n250 AUTH PLAIN LOGIN", "221 bye")
    provider = Provider(LOOPBACK, server.port, Security.STARTTLS, SENDER, "ada")

    with pytest.raises(Refused, match="no_tls"):
        SmtpProviders(lambda _: "secret", inside={LOOPBACK}).open(provider)

    assert not any(b"AUTH" in line or b"MAIL" in line for line in server.heard)
    server.end()


@pytest.mark.parametrize(("answer", "error"), [("454 Not now", Transient), ("502 Never", Refused)])
def test_f60_a_refused_starttls_never_goes_on_in_plain_text(answer: str, error: type[Exception]) -> None:
    server = PlainServer("220 mail.example", OFFERS, answer, "221 bye")
    provider = Provider(LOOPBACK, server.port, Security.STARTTLS, SENDER, "ada")

    with pytest.raises(error):
        SmtpProviders(lambda _: "secret", inside={LOOPBACK}).open(provider)

    assert not any(b"AUTH" in line or b"MAIL" in line for line in server.heard)
    server.end()


def test_f60_a_server_that_speaks_no_tls_on_a_tls_port_is_refused() -> None:
    server = PlainServer("220 mail.example", "250 fine")

    with pytest.raises((Refused, Transient)):
        SmtpProviders(lambda _: "secret", inside={LOOPBACK}).open(Provider(LOOPBACK, server.port, Security.TLS, SENDER))

    server.end()


def test_a_wrong_password_is_refused(sink: SinkServer) -> None:
    with pytest.raises(Refused, match="password"):
        sink.trusting(sink.authorities, password="wrong").open(sink.provider)


def test_a_server_that_is_not_there_is_transient() -> None:
    server = PlainServer()
    server.end()

    with pytest.raises(Transient):
        SmtpProviders(lambda _: "", inside={LOOPBACK}).open(Provider(LOOPBACK, 1, Security.STARTTLS, SENDER))


def test_a_greeting_that_refuses_for_now_is_transient() -> None:
    server = PlainServer("554 No service", "221 bye")

    with pytest.raises(Transient):
        SmtpProviders(lambda _: "", inside={LOOPBACK}).open(Provider(LOOPBACK, server.port, Security.STARTTLS, SENDER))

    server.end()


def test_f60_a_server_that_drips_is_cut_off_in_the_end(sink: SinkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CALL_SECONDS", 0.3)
    opened = sink.providers.open(sink.provider)
    sink.fault("end", delay_s=5.0)

    with pytest.raises(Doubtful):
        opened.send(SENDER.address, [CARL], letter())


def test_f60_a_greeting_that_never_comes_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "CONNECT_SECONDS", 0.3)
    silent = PlainServer("220-still")

    with pytest.raises(Transient):
        SmtpProviders(lambda _: "", inside={LOOPBACK}).open(Provider(LOOPBACK, silent.port, Security.STARTTLS, SENDER))

    silent.end()


def test_f60_a_connection_that_is_cut_in_the_midst_of_a_mail_sent_nothing(sink: SinkServer) -> None:
    class Cut:
        size = 30_000_000

        def open_at(self, position: int) -> Iterator[bytes]:
            yield b"Subject: half\r\n\r\n"
            sink.hang_up()
            for _ in range(30_000):
                yield b"x" * 998 + b"\r\n"

    with pytest.raises(Transient):
        sink.providers.open(sink.provider).send(SENDER.address, [CARL], Cut())

    assert sink.taken() == []


def test_f28_a_mail_whose_file_is_gone_is_not_handed_over(sink: SinkServer) -> None:
    class Broken:
        size = 10_000

        def open_at(self, position: int) -> Iterator[bytes]:
            yield b"Subject: half\r\n\r\n"
            raise Gone("a file")

    with pytest.raises(Gone):
        sink.providers.open(sink.provider).send(SENDER.address, [CARL], Broken())

    assert sink.taken() == []


def test_an_address_beyond_ascii_is_handed_over_where_the_server_takes_such(sink: SinkServer) -> None:
    zoe = Address("zoë@customer.example")

    sink.providers.open(sink.provider).send(SENDER.address, [zoe], letter())

    assert [taken.rcpt_to for taken in sink.taken()] == [(zoe,)]


ZOE = Person("", Address("zoë@customer.example"))


@pytest.mark.parametrize("beyond", [{"sender": ZOE}, {"reply_to": ZOE}, {"to": (ZOE,)}, {"cc": (ZOE,)}])
def test_a_header_with_an_address_beyond_ascii_is_announced_whoever_is_written_to(
    sink: SinkServer, monkeypatch: pytest.MonkeyPatch, beyond: dict[str, Any]
) -> None:
    opened = sink.providers.open(sink.provider)
    commands: list[str] = []
    write = opened._client.putcmd

    def said(*words: str) -> None:
        commands.append(" ".join(words))
        write(*words)

    monkeypatch.setattr(opened._client, "putcmd", said)
    simple = Letter(MessageId("e1"), "", datetime(2026, 3, 2, tzinfo=UTC), SENDER, to=(Person("", CARL),))

    for mail in (simple, replace(simple, **beyond)):
        opened.send(SENDER.address, [CARL], compose(mail))

    assert ["SMTPUTF8" in one for one in commands if one.startswith("mail")] == [False, True]
    assert len(sink.taken()) == 2


def test_where_a_server_takes_ascii_only_those_get_the_mail_whose_address_is(sink: SinkServer) -> None:
    zoe = Address("zoë@customer.example")
    opened = sink.providers.open(sink.provider)
    del opened._client.esmtp_features["smtputf8"]

    answers = opened.send(SENDER.address, [zoe, CARL], letter())

    assert {one: answer.verdict for one, answer in answers.items()} == {zoe: Verdict.REFUSED, CARL: Verdict.ACCEPTED}
    assert [taken.rcpt_to for taken in sink.taken()] == [(CARL,)]


def test_where_a_server_takes_ascii_only_a_header_beyond_it_goes_to_nobody(sink: SinkServer) -> None:
    given = Letter(
        MessageId("e1"),
        "",
        datetime(2026, 3, 2, tzinfo=UTC),
        SENDER,
        to=(Person("", CARL),),
        reply_to=Person("", Address("zoë@agency.example")),
    )
    opened = sink.providers.open(sink.provider)
    del opened._client.esmtp_features["smtputf8"]

    answers = opened.send(SENDER.address, [CARL], compose(given))

    assert (answers[CARL].verdict, sink.taken()) == (Verdict.REFUSED, [])


def test_f60_a_recipient_is_refused_even_if_the_server_hangs_up_then() -> None:
    server = PlainServer("220 mail.example", "250 mail.example", "250 fine", "550 5.1.1 nobody")
    client = smtplib.SMTP(LOOPBACK, server.port, timeout=5)
    client.ehlo()

    answers = SmtpSession(client).send(SENDER.address, [CARL], letter())

    assert answers == {CARL: Answer(Verdict.REFUSED, "(550 5.1.1 nobody)")}
    client.close()
    server.end()


@pytest.mark.parametrize("kind", ["provider", "encrypted"])
def test_f60_what_is_cut_off_for_its_slowness_writes_nothing_in_plain_text(sink: SinkServer, kind: str) -> None:
    opened = sink.providers.open(getattr(sink, kind))
    sock = opened._client.sock
    assert isinstance(sock, ssl.SSLSocket)

    watch = Watch(opened._client, 0.01)
    with watch:
        while watch_is_waiting(sock):
            time.sleep(0.01)

    assert sock.version(), "still the encrypted connection"
    with pytest.raises(OSError, match=r".*"):
        sock.sendall(b"in the clear")


def watch_is_waiting(sock: ssl.SSLSocket) -> bool:
    """Whether the connection can still be written to."""
    return not select.select([sock], [], [], 0)[0]


@settings(max_examples=300)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), min_size=1, max_size=30))
def test_t15_an_address_is_named_to_the_server_as_it_is(local: str) -> None:
    quoted = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
    for text in (f"{local}@x.example", f"{quoted}@x.example"):
        if address := normalise(text):
            assert smtplib.quoteaddr(address) == f"<{address}>"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("security", list(Security))
def test_t27_a_locations_provider_inside_our_network_is_not_connected_to(host: str, security: Security) -> None:
    server = PlainServer("220 mail.example", "250 mail.example")

    with pytest.raises(Refused, match="inside"):
        SmtpProviders(lambda _: "secret", inside={"mail.internal"}).open(Provider(host, server.port, security, SENDER))

    assert server.connections == 0
    server.end()


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:a00:1::",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b:1::a9fe:a9fe",
        "fec0::1",
        "192.0.0.8",
    ],
)
def test_t27_addresses_that_are_not_public(address: str) -> None:
    assert not public(address)


def test_t27_addresses_that_are_public() -> None:
    assert public("142.250.102.108")
    assert public("2a00:1450:4025:402::6c")


def test_f60_many_addresses_that_do_not_answer_take_no_longer_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    now = [0.0]

    def silent(_: object, timeout: float) -> socket.socket:
        asked.append(timeout)
        now[0] += timeout
        raise TimeoutError

    many = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"142.250.102.{at}", 25)) for at in range(50)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: many)
    monkeypatch.setattr(socket, "create_connection", silent)
    monkeypatch.setattr("shared.adapters.smtp.client.time.monotonic", lambda: now[0])

    with pytest.raises(Transient):
        SmtpProviders(lambda _: "").open(Provider("many.example", 25, Security.STARTTLS, SENDER))

    assert sum(asked) <= providers.CONNECT_SECONDS


def test_f60_the_next_address_is_tried_where_one_does_not_answer(
    sink: SinkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in ("127.9.9.9", LOOPBACK)]
    answers, ask = [both], socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *at, **how: answers.pop() if answers else ask(*at, **how))

    assert sink.providers.open(sink.provider).send(SENDER.address, [CARL], letter())[CARL].verdict is Verdict.ACCEPTED


def test_t27_one_address_inside_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 25)) for one in ("142.250.102.108", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)

    with pytest.raises(Refused, match="inside"):
        SmtpProviders(lambda _: "").open(Provider("mixed.example", 25, Security.STARTTLS, SENDER))


def test_a_password_is_asked_for_by_provider(sink: SinkServer) -> None:
    asked: list[Provider] = []

    def password(provider: Provider) -> str:
        asked.append(provider)
        return "sandbox-password"

    for provider in (sink.provider, replace(sink.provider, username="")):
        SmtpProviders(password, authorities=sink.authorities, inside={LOOPBACK}).open(provider).close()

    assert asked == [sink.provider]


@pytest.mark.parametrize(
    ("blocks", "made"),
    [
        ([b".a\r\n", b".b\r\n"], b"..a\r\n..b\r\n"),
        ([b"a\r", b"\n.b\r\n"], b"a\r\n..b\r\n"),
        ([b"a", b".b\r\n"], b"a.b\r\n"),
        ([b"a\r\n", b"..\r\n.\r\n"], b"a\r\n...\r\n..\r\n"),
        ([b"no end"], b"no end\r\n"),
    ],
)
def test_dots_are_doubled_at_the_beginning_of_lines_only(blocks: list[bytes], made: bytes) -> None:
    assert b"".join(stuffed(blocks)) == made


def test_what_a_server_says_is_one_bounded_line() -> None:
    said = spoken(550, "\x1b[31mNo\r\n such\u2028user ".encode() + b"\xff" + b"x" * 500)

    assert said.isprintable()
    assert said.startswith("(550 ")
    assert len(said) == 200
