"""What of a mail provider only the real adapter can show: encryption, passwords, slowness, odd addresses."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from shared.adapters.smtp import providers, session
from shared.adapters.smtp.providers import SmtpProviders
from shared.adapters.smtp.session import spoken, stuffed
from shared.domain.addresses import Address
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
        SmtpProviders(lambda _: "secret").open(provider)

    assert not any(b"AUTH" in line or b"MAIL" in line for line in server.heard)
    server.end()


@pytest.mark.parametrize(("answer", "error"), [("454 Not now", Transient), ("502 Never", Refused)])
def test_f60_a_refused_starttls_never_goes_on_in_plain_text(answer: str, error: type[Exception]) -> None:
    server = PlainServer("220 mail.example", OFFERS, answer, "221 bye")
    provider = Provider(LOOPBACK, server.port, Security.STARTTLS, SENDER, "ada")

    with pytest.raises(error):
        SmtpProviders(lambda _: "secret").open(provider)

    assert not any(b"AUTH" in line or b"MAIL" in line for line in server.heard)
    server.end()


def test_f60_a_server_that_speaks_no_tls_on_a_tls_port_is_refused() -> None:
    server = PlainServer("220 mail.example", "250 fine")

    with pytest.raises((Refused, Transient)):
        SmtpProviders(lambda _: "secret").open(Provider(LOOPBACK, server.port, Security.TLS, SENDER))

    server.end()


def test_a_wrong_password_is_refused(sink: SinkServer) -> None:
    with pytest.raises(Refused, match="password"):
        sink.trusting(sink.authorities, password="wrong").open(sink.provider)


def test_a_server_that_is_not_there_is_transient() -> None:
    server = PlainServer()
    server.end()

    with pytest.raises(Transient):
        SmtpProviders(lambda _: "").open(Provider(LOOPBACK, 1, Security.STARTTLS, SENDER))


def test_a_greeting_that_refuses_for_now_is_transient() -> None:
    server = PlainServer("554 No service", "221 bye")

    with pytest.raises(Transient):
        SmtpProviders(lambda _: "").open(Provider(LOOPBACK, server.port, Security.STARTTLS, SENDER))

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
        SmtpProviders(lambda _: "").open(Provider(LOOPBACK, silent.port, Security.STARTTLS, SENDER))

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


def test_a_password_is_asked_for_by_provider(sink: SinkServer) -> None:
    asked: list[Provider] = []

    def password(provider: Provider) -> str:
        asked.append(provider)
        return "sandbox-password"

    for provider in (sink.provider, replace(sink.provider, username="")):
        SmtpProviders(password, authorities=sink.authorities).open(provider).close()

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
