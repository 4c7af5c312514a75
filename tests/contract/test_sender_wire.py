"""Uploads byte by byte: a connection that breaks off, a server that is silent or sends elsewhere."""

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from shared.adapters.gmail.transport import Deadlines
from shared.domain.identifiers import ThreadId
from shared.errors import Doubtful, Transient
from tests.contract.ways_out import MIB, SimulatedWayOut, simulated_way_out
from tests.simulator.running import Running, start


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


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
def stub(simulator: Running) -> Iterator[Callable[[Callable[[socket.socket], None]], tuple[Stub, SimulatedWayOut]]]:
    made: list[Stub] = []

    def make(treat: Callable[[socket.socket], None]) -> tuple[Stub, SimulatedWayOut]:
        stub = Stub(treat)
        made.append(stub)
        return stub, simulated_way_out(simulator, stub.url)

    yield make
    for one in made:
        one.close()


Make = Callable[[Callable[[socket.socket], None]], tuple[Stub, SimulatedWayOut]]


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


def test_a_call_has_one_deadline_from_its_first_byte_to_the_answer(simulator: Running, stub: Make) -> None:
    silent = threading.Event()

    def say_nothing(_: socket.socket) -> None:
        silent.wait(10)

    served, _ = stub(say_nothing)
    account = simulated_way_out(simulator, served.url, Deadlines(upload=0.1))

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
