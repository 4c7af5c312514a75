"""The way out as Gmail's protocol has it, on the simulator: sent once, asked, continued, refused, never repeated."""

import gc
import json
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from shared.adapters.gmail import sender as sender_module
from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes
from shared.adapters.gmail.sender import GmailSender
from shared.domain.addresses import Address, Person
from shared.domain.composition import Composition, File, Letter, compose
from shared.domain.identifiers import GmailId, MailboxId, MessageId, ThreadId
from shared.domain.mailbox import Grant, Mailbox
from shared.errors import Doubtful, Gone, GrantLost, Refused, Remedy, Transient
from shared.ports.gmail import SentMail, SessionAnswer
from tests.fakes.sealer import FakeSealer
from tests.simulator.running import Running, decoded, mail, start

MIB = 1_048_576
SEND = "gmail.users.messages.send"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@dataclass
class Account:
    """One account of the simulator and its way out."""

    gmail: Running
    email: str
    sender: GmailSender

    def sent(self) -> list[bytes]:
        rows = self.gmail.items(f"mailboxes/{self.email}/sent")
        return [decoded(row["raw"]) for row in rows]

    def letter(self, *sizes: int, to: str = "carl@customer.example") -> Composition:
        files = tuple(
            File(f"{at}.bin", "application/octet-stream", size, pattern(size)) for at, size in enumerate(sizes)
        )
        return compose(
            Letter(
                MessageId("e1"),
                "e1.mac",
                datetime(2026, 3, 2, tzinfo=UTC),
                Person("", Address(self.email)),
                to=(Person("", Address(to)),),
                subject="An offer",
                text="Take it.",
                files=files,
            )
        )

    def fault(self, method: str, **how: object) -> None:
        answer = self.gmail.control("POST", "faults", [{"method": method, "email": self.email, "times": 1, **how}])
        assert answer.status < 300, answer.body

    def calls(self, method: str = SEND) -> int:
        return len(self.gmail.items("calls", email=self.email, method=method))

    def send(self, composed: Composition, thread: ThreadId | None = None) -> SentMail:
        return self.sender.finish(self.sender.begin(composed.size, thread), composed)


def pattern(size: int) -> Callable[[int], Iterator[bytes]]:
    """A file of that size in which each block of 64 kB differs from the others, from any position on."""

    def opened(start: int) -> Iterator[bytes]:
        for at in range(start // 65_536 * 65_536, size, 65_536):
            block = b"%08x" % (at // 65_536) + b"x" * 65_528
            yield block[max(0, start - at) : size - at]

    return opened


def sender_of(gmail: Running, email: str, refresh_token: str, api_url: str = "") -> GmailSender:
    sealer = FakeSealer()
    client = GoogleClient("sandbox-client", "sandbox-secret", f"{gmail.url}/token", api_url or f"{gmail.url}/")
    name = MailboxId("m")
    sealed = sealer.seal(refresh_token, owner=name, purpose="refresh-token")
    mailbox = Mailbox(name, "sub", Address(email), grant=Grant(sealed, 1))
    return GoogleMailboxes(client, sealer, lambda: datetime.now(UTC)).sender(mailbox)


@pytest.fixture
def account(simulator: Running) -> Iterator[Account]:
    email = simulator.account()
    token = simulator.tokens(email)["refresh_token"]
    yield Account(simulator, email, sender_of(simulator, email, token))
    simulator.control("DELETE", "faults")
    simulator.act("behaviour", {"session_answers_after_completion": True, "keep_x_headers": True})


def test_r10_a_mail_is_sent_once_and_its_headers_are_read_back(account: Account) -> None:
    composed = account.letter(100_000)

    sent = account.send(composed)

    (raw,) = account.sent()
    kept = account.sender.message_id(sent.gmail_id)
    assert message_from_bytes(raw)["Subject"] == "An offer"
    assert (kept.gmail_id, kept.thread_id) == (sent.gmail_id, sent.thread_id)
    assert kept.headers.first("X-Gmail-Sync-Entry") == "e1.mac"
    assert kept.headers.first("Message-ID") not in {None, "<e1@agency.example>"}
    assert account.calls() == 1


def test_r14_a_mail_may_join_a_thread(account: Account) -> None:
    there = account.gmail.deliver(
        account.email, mail("carl@customer.example", account.email, "An offer", Message_ID="<o@customer.example>")
    )

    sent = account.send(account.letter(), ThreadId(there["threadId"]))

    assert account.calls() == 1
    assert sent.thread_id


def test_a_thread_that_is_not_there_is_gone(account: Account) -> None:
    with pytest.raises(Gone):
        account.send(account.letter(), ThreadId("18c0000000000000"))

    assert account.sent() == []


def test_f53_an_answer_that_is_lost_is_doubtful_and_the_session_knows(account: Account) -> None:
    composed = account.letter(100_000)
    session = account.sender.begin(composed.size, None)
    account.fault(SEND, drop="after")

    with pytest.raises(Doubtful):
        account.sender.finish(session, composed)

    answer = account.sender.ask(session, composed.size)
    assert isinstance(answer, SentMail)
    assert (len(account.sent()), account.calls()) == (1, 1)


@pytest.mark.parametrize("drop", ["truncate", "html"])
def test_f53_an_answer_that_cannot_be_read_is_doubtful(account: Account, drop: str) -> None:
    account.fault(SEND, drop=drop)

    with pytest.raises(Doubtful):
        account.send(account.letter())

    assert (len(account.sent()), account.calls()) == (1, 1)


def test_f53_a_session_that_forgets_says_that_it_does_not_know(account: Account) -> None:
    composed = account.letter()
    session = account.sender.begin(composed.size, None)
    account.sender.finish(session, composed)
    account.gmail.act("behaviour", {"session_answers_after_completion": False})

    assert account.sender.ask(session, composed.size) is SessionAnswer.UNKNOWN


def test_a_session_that_got_nothing_is_continued_from_its_beginning(account: Account) -> None:
    composed = account.letter()
    session = account.sender.begin(composed.size, None)

    assert account.sender.ask(session, composed.size) == 0
    account.sender.finish(session, composed, start=0)
    assert len(account.sent()) == 1


def test_a_session_that_got_a_part_is_continued_there_and_the_mail_is_whole(account: Account) -> None:
    composed = account.letter(3 * MIB)
    session = account.sender.begin(composed.size, None)
    account.fault(SEND, drop="before")
    with pytest.raises(Doubtful):
        account.sender.finish(session, composed)

    have = account.sender.ask(session, composed.size)

    assert isinstance(have, int)
    assert 0 < have < composed.size
    account.sender.finish(session, composed, start=have)
    (raw,) = account.sent()
    attached = message_from_bytes(raw).get_payload(1)
    assert attached.get_payload(decode=True) == b"".join(pattern(3 * MIB)(0))  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_f53_a_server_error_behind_the_upload_is_doubtful_and_not_repeated(account: Account, status: int) -> None:
    composed = account.letter()
    session = account.sender.begin(composed.size, None)
    account.fault("upload.chunk", status=status)

    with pytest.raises(Doubtful):
        account.sender.finish(session, composed)

    assert account.sent() == []


@pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded")])
def test_f54_a_rate_refusal_names_the_time(account: Account, status: int, reason: str) -> None:
    account.fault(SEND, status=status, reason=reason, retry_after=3_600)

    with pytest.raises(Transient) as caught:
        account.send(account.letter())

    assert caught.value.retry_at
    assert 3_000 < (caught.value.retry_at - datetime.now(UTC)).total_seconds() < 3_700
    assert account.sent() == []


def test_f56_a_bad_request_is_refused_for_good(account: Account) -> None:
    account.fault(SEND, status=400, reason="invalidArgument")

    with pytest.raises(Refused):
        account.send(account.letter())


def test_r06_an_administrators_block_is_told_apart(account: Account) -> None:
    account.fault("upload.start", status=403, reason="domainPolicy")

    with pytest.raises(GrantLost) as caught:
        account.send(account.letter())

    assert caught.value.remedy is Remedy.ADMINISTRATOR


def test_a_refused_token_during_the_upload_is_a_refusal_and_the_stream_is_not_sent_again(account: Account) -> None:
    account.fault("upload.chunk", status=401, reason="authError")
    with pytest.raises(Transient):
        account.send(account.letter())
    assert account.sent() == []

    account.send(account.letter())
    assert len(account.sent()) == 1


def test_a_refused_token_before_the_upload_is_renewed(account: Account) -> None:
    account.fault("upload.start", status=401, reason="authError")

    account.send(account.letter())

    assert len(account.sent()) == 1


def test_f57_a_password_change_ends_the_grant(account: Account) -> None:
    account.gmail.act(f"mailboxes/{account.email}/password", {})

    with pytest.raises(GrantLost) as caught:
        account.send(account.letter())

    assert caught.value.remedy is Remedy.RECONNECT


@pytest.mark.parametrize("method", ["upload.start", "upload.status"])
@pytest.mark.parametrize("how", [{"drop": "before"}, {"status": 503}])
def test_what_sends_nothing_may_be_tried_again(account: Account, method: str, how: dict[str, object]) -> None:
    composed = account.letter()
    session = account.sender.begin(composed.size, None)
    account.fault(method, **how)

    with pytest.raises(Transient):
        account.sender.begin(composed.size, None) if method == "upload.start" else account.sender.ask(
            session, composed.size
        )


def test_a_mail_that_was_deleted_is_gone(account: Account) -> None:
    with pytest.raises(Gone):
        account.sender.message_id(GmailId("18c0000000000000"))


def test_p9_25_megabytes_go_out_whole_in_little_memory(account: Account) -> None:
    composed = account.letter(25 * MIB)
    gc.collect()
    tracemalloc.start()
    blocks = sum(map(len, composed.open_at(0)))
    _, composing = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    account.send(composed)

    (raw,) = account.sent()
    attached = message_from_bytes(raw).get_payload(1)
    assert len(attached.get_payload(decode=True)) == 25 * MIB  # type: ignore[union-attr]
    assert blocks == composed.size <= 36_700_160
    assert composing < 2 * MIB


class Stub:
    """A server that answers the start of an upload by itself, and leaves the connection of the upload to a test."""

    def __init__(self, treat: Callable[[socket.socket], None]) -> None:
        self._treat = treat
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self.location = f"{self.url}session"
        self.requests: list[str] = []
        self.began = ""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                head = self._head(connection)
                if head.startswith("POST"):
                    self.began = head + connection.recv(65_536).decode()
                    answer = f"HTTP/1.1 200 OK\r\nLocation: {self.location}\r\nContent-Length: 0\r\n"
                    connection.sendall(f"{answer}Connection: close\r\n\r\n".encode())
                elif head:
                    self._treat(connection)

    def _head(self, connection: socket.socket) -> str:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := connection.recv(1)):
                return ""
            head += more
        self.requests.append(head.decode().partition("\r\n")[0])
        return head.decode()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def stub(simulator: Running) -> Iterator[Callable[[Callable[[socket.socket], None]], tuple[Stub, Account]]]:
    made: list[Stub] = []

    def make(treat: Callable[[socket.socket], None]) -> tuple[Stub, Account]:
        stub = Stub(treat)
        made.append(stub)
        email = simulator.account()
        sender = sender_of(simulator, email, simulator.tokens(email)["refresh_token"], stub.url)
        return stub, Account(simulator, email, sender)

    yield make
    for one in made:
        one.close()


Make = Callable[[Callable[[socket.socket], None]], tuple[Stub, Account]]


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def test_an_upload_that_breaks_off_before_its_end_was_certainly_not_accepted(stub: Make) -> None:
    served, account = stub(reset)

    with pytest.raises(Transient):
        account.send(account.letter(8 * MIB))

    assert [line.split()[0] for line in served.requests] == ["POST", "PUT"], "nothing is repeated"


def test_f53_a_connection_that_ends_after_the_whole_mail_is_doubtful_and_nothing_is_repeated(stub: Make) -> None:
    def read_all(connection: socket.socket) -> None:
        connection.settimeout(0.5)
        try:
            while connection.recv(65_536):
                pass
        except TimeoutError:
            reset(connection)

    served, account = stub(read_all)

    with pytest.raises(Doubtful):
        account.send(account.letter())

    assert [line.split()[0] for line in served.requests] == ["POST", "PUT"]


def test_a_redirect_is_never_followed(stub: Make) -> None:
    def redirect(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    served, account = stub(redirect)

    with pytest.raises(Doubtful):
        account.send(account.letter())

    assert len(served.requests) == 2


def test_a_call_has_one_deadline_from_its_first_byte_to_the_answer(stub: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = threading.Event()
    monkeypatch.setattr(sender_module, "SECONDS", 0.5)

    def say_nothing(_: socket.socket) -> None:
        silent.wait(10)

    _, account = stub(say_nothing)

    with pytest.raises(Doubtful):
        account.send(account.letter())
    silent.set()


@pytest.mark.parametrize(
    "location",
    ["", "http://evil.example/session", "https://googleapis.com.evil.example/", "https://x@y.googleapis.com/"],
)
def test_a_session_anywhere_else_never_gets_the_token(stub: Make, location: str) -> None:
    served, account = stub(reset)
    served.location = location

    with pytest.raises(Transient):
        account.sender.begin(100, None)


def test_the_start_of_an_upload_carries_the_size_and_the_thread(stub: Make) -> None:
    served, account = stub(reset)

    account.sender.begin(1_234, ThreadId("t-1"))

    head, _, body = served.began.partition("\r\n\r\n")
    assert head.startswith("POST /upload/gmail/v1/users/me/messages/send?uploadType=resumable HTTP/1.1")
    assert {"X-Upload-Content-Length: 1234", "X-Upload-Content-Type: message/rfc822"} <= set(head.split("\r\n"))
    assert json.loads(body) == {"threadId": "t-1"}
