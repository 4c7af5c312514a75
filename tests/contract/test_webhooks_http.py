"""What of the receiver of events only the real adapter can show: signatures, slowness, odd answers, odd addresses."""

import asyncio
import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from shared.adapters.webhooks.client import HttpWebhook
from shared.adapters.webhooks.target import Target, target_of
from shared.ports.webhooks import Reply, Verdict
from tests.contract.crm_receivers import AT, KEYS, ServedReceiver, own_certificate, served
from tests.sandbox.certificate import LOOPBACK, server_side, write_certificate

NAME, BODY = "message.stored:l1:m1", b'{"id": "message.stored:l1:m1"}'
OK = b"HTTP/1.1 200 OK\r\n"
TIMEOUT = Reply(Verdict.FAILED, "timeout")
INSIDE = Reply(Verdict.FAILED, "inside")
SOON = 0.3
"""Seconds of a try that is meant to be cut off."""


@pytest.fixture
def receiver() -> Iterator[ServedReceiver]:
    with served() as one:
        yield one


def deliver(webhook: Any) -> Reply:
    return webhook.deliver(NAME, BODY, at=AT)  # type: ignore[no-any-return]


def test_t26_a_request_is_signed_by_each_key_over_id_time_and_body(receiver: ServedReceiver) -> None:
    deliver(receiver.webhook)

    head, body = receiver.requests[0]
    line, *fields = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    told = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    signed = f"{NAME}.{int(AT.timestamp())}.".encode() + body
    macs = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in KEYS]
    assert line == "POST /events?of=crm HTTP/1.1"
    assert told["webhook-id"] == NAME
    assert told["webhook-timestamp"] == str(int(AT.timestamp()))
    assert told["webhook-signature"] == " ".join(f"v1,{mac}" for mac in macs)
    assert (told["content-type"], told["host"]) == ("application/json", f"{LOOPBACK}:{receiver.port}")


def test_t27_a_redirect_is_not_followed(receiver: ServedReceiver) -> None:
    receiver.answers(307)

    assert deliver(receiver.webhook) == Reply(Verdict.FAILED, "status 307")
    assert receiver.connections == 1


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each byte in time, the answer never."""
    writer.write(OK)
    while True:
        writer.write(b"X")
        await writer.drain()
        await asyncio.sleep(0.02)


async def continues(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("talk", [silent, drips, continues])
def test_f49_a_try_ends_in_time_however_slow_the_receiver_is(receiver: ServedReceiver, talk: Any) -> None:
    receiver.talk = talk

    assert deliver(receiver.sender(seconds=SOON)) == TIMEOUT


def test_f49_a_tls_handshake_that_never_ends_is_cut_off(receiver: ServedReceiver) -> None:
    receiver.talk = silent
    url = receiver.url.replace("http:", "https:")

    assert deliver(receiver.sender(url, seconds=SOON)) == TIMEOUT


def test_f49_a_name_server_that_is_silent_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answers = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        asked.set()
        answers.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    assert deliver(HttpWebhook(target_of("https://slow.example/"), KEYS, seconds=SOON)) == TIMEOUT
    assert asked.is_set()
    answers.set()


def test_f49_a_try_that_was_cut_off_sends_nothing_afterwards(
    receiver: ServedReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, cut = socket.getaddrinfo, threading.Event()

    def slow(*at: Any, **how: Any) -> Any:
        cut.wait(60)
        return ask(*at, **how)

    before = set(threading.enumerate())
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert deliver(receiver.sender(seconds=SOON)) == TIMEOUT
    cut.set()
    for worker in set(threading.enumerate()) - before:
        worker.join(10)

    assert receiver.requests == []


def test_f49_a_success_is_one_from_its_status_on_however_much_or_slowly_more_comes(receiver: ServedReceiver) -> None:
    async def huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receiver.heard(reader)
        writer.write(OK + b"Content-Length: 99999999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            await writer.drain()

    receiver.talk = huge

    assert deliver(receiver.webhook) == Reply(Verdict.TAKEN)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"x: " + b"y" * 70_000 + b"\r\n\r\n",
        OK + b"x: y\r\n" * 101 + b"\r\n",
        b"H" * 70_000,
    ],
    ids=["nothing", "another protocol", "no status", "no number", "long header", "many headers", "long line"],
)
def test_f49_what_is_no_answer_is_a_failure(receiver: ServedReceiver, answer: bytes) -> None:
    receiver.talk = receiver.said(answer)

    assert deliver(receiver.webhook).verdict is Verdict.FAILED


def test_f49_a_connection_that_is_reset_or_refused_is_a_failure(receiver: ServedReceiver) -> None:
    async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receiver.heard(reader)
        transport = writer.transport
        transport.abort()

    receiver.talk = resets
    assert deliver(receiver.webhook).verdict is Verdict.FAILED
    free = ServedReceiver()
    free.end()
    assert deliver(free.webhook) == Reply(Verdict.FAILED, "ConnectionRefusedError")


@pytest.mark.parametrize("wish", [b"soon", b"-5", b"99999999999", "٣".encode(), b"Wed, 21 Oct 2026 07:28:00 GMT"])
def test_f49_a_wish_in_another_form_is_passed_over(receiver: ServedReceiver, wish: bytes) -> None:
    receiver.talk = receiver.said(b"HTTP/1.1 503 Down\r\nRetry-After: %s\r\n\r\n" % wish)

    assert deliver(receiver.webhook) == Reply(Verdict.FAILED, "status 503")


def test_over_tls_the_certificate_must_be_valid_for_the_host(tmp_path: Path) -> None:
    server, trusting = own_certificate(tmp_path)
    with served(tls=server) as receiver:
        assert deliver(receiver.sender(tls=trusting)) == Reply(Verdict.TAKEN)
        assert deliver(receiver.sender()) == Reply(Verdict.FAILED, "tls"), "nobody vouches for it"
        assert len(receiver.requests) == 1
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other, names=(x509.DNSName("elsewhere.example"),))
    _, trusting = own_certificate(tmp_path)
    trusting.load_verify_locations(other / "provider.pem")
    with served(tls=server_side(other)) as receiver:
        assert deliver(receiver.sender(tls=trusting)) == Reply(Verdict.FAILED, "tls"), "it is another host's"
        assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example/events",
        "ftp://crm.example/",
        "http://crm.example/events",
        "https:///events",
        "https://user@crm.example/",
        "https://user:secret@crm.example/",
        "https://@crm.example/",
        "https://crm.example:8443/",
        "https://crm.example:80/",
        "https://crm.example:x/",
        "https://crm.example/#fragment",
        "https://crm.example/a b",
        "https://crm.example/\r\nHost: evil.example",
        "https://crm.exämple/",
        "http://127.0.0.1:8080/",
        "https://127.0.0.1:8080/",
    ],
)
def test_t27_an_address_that_is_not_https_on_its_own_port_without_credentials_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"webhook's address|[Pp]ort"):
        target_of(url)


@pytest.mark.parametrize("url", ["http://crm.example/", "http://10.0.0.1/", "https://crm.example:8443/"])
def test_t27_in_the_local_stack_only_this_machine_is_an_exception(url: str) -> None:
    with pytest.raises(ValueError, match="https on port 443"):
        target_of(url, local=True)
    assert target_of("http://localhost:8080", local=True) == Target(False, "localhost", 8080, "/", inside=True)


def test_an_address_is_kept_with_its_path_and_query() -> None:
    assert target_of("https://crm.example:443/a/b?c=d") == Target(True, "crm.example", 443, "/a/b?c=d")


@pytest.mark.parametrize("host", [LOOPBACK, "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]"])
def test_t27_a_receiver_inside_our_network_is_not_connected_to(host: str, receiver: ServedReceiver) -> None:
    target = target_of(f"https://{host}/")
    there = Target(True, target.host, receiver.port, "/")

    assert deliver(HttpWebhook(there, KEYS)) == INSIDE
    assert receiver.connections == 0


def resolved(*addresses: str) -> Any:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in addresses]
    return lambda *_, **__: found


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.8"])
def test_t27_a_name_that_leads_inside_is_refused_even_beside_a_public_address(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolved("142.250.102.108", address))

    assert deliver(HttpWebhook(target_of("https://mixed.example/"), KEYS)) == INSIDE


def test_t27_what_was_looked_at_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers something else when it is asked again is asked once only."""
    answers = [resolved("142.250.102.108")(), resolved(LOOPBACK)()]
    connected: list[object] = []

    def connect(where: object, _timeout: float) -> socket.socket:
        connected.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop(0))
    monkeypatch.setattr(socket, "create_connection", connect)

    deliver(HttpWebhook(target_of("https://rebinding.example/"), KEYS))

    assert connected == [("142.250.102.108", 443)]
    assert len(answers) == 1


def test_the_next_address_is_tried_where_one_does_not_answer(
    receiver: ServedReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, both = socket.getaddrinfo, [resolved("127.9.9.9", LOOPBACK)]

    def first_both(*at: Any, **how: Any) -> Any:
        return (both.pop() if both else ask)(*at, **how)

    monkeypatch.setattr(socket, "getaddrinfo", first_both)

    assert deliver(receiver.webhook) == Reply(Verdict.TAKEN)


def test_a_host_that_is_not_there_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert deliver(HttpWebhook(target_of("https://nowhere.example/"), KEYS)) == Reply(Verdict.FAILED, "no such host")
