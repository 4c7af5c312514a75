"""The proxy that breaks wires: what the client sees, and what the server got."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.client.wire import until
from tests.sandbox.ports import choose
from tests.sandbox.tcp_proxy import How, TcpProxy

REQUEST = b"ask 0123456789\n"
ANSWER = b"answer\n"


class Server:
    """Answers each line; `got` is all that was delivered to it."""

    def __init__(self, port: int) -> None:
        self.got = b""
        self._listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, taken: socket.socket) -> None:
        with taken:
            try:
                while block := taken.recv(1024):
                    self.got += block
                    taken.sendall(ANSWER * block.count(b"\n"))
            except OSError:
                return

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def ports() -> dict[str, int]:
    return choose(["front", "server"])


@pytest.fixture
def server(ports: dict[str, int]) -> Iterator[Server]:
    made = Server(ports["server"])
    yield made
    made.close()


@pytest.fixture
def proxy(ports: dict[str, int], server: Server) -> Iterator[TcpProxy]:
    made = TcpProxy(ports["front"], ports["server"])
    made.start()
    yield made
    made.stop()


def connected(ports: dict[str, int]) -> socket.socket:
    return socket.create_connection(("127.0.0.1", ports["front"]), timeout=5)


def asked(client: socket.socket, request: bytes = REQUEST) -> bytes:
    """What comes back, until it is whole or the connection ends in good order."""
    client.sendall(request)
    answer = b""
    while len(answer) < len(ANSWER) and (block := client.recv(1024)):
        answer += block
    return answer


def test_everything_is_passed_on_both_ways(ports: dict[str, int], server: Server, proxy: TcpProxy) -> None:
    with connected(ports) as client:
        assert [asked(client), asked(client)] == [ANSWER, ANSWER]
    assert server.got == REQUEST * 2


@pytest.mark.parametrize(
    ("how", "octets", "delivered"), [(How.BEFORE, 1, b""), (How.PART, 7, REQUEST[:7]), (How.LOSE, 1, REQUEST)]
)
def test_a_struck_request_is_reset_with_just_so_much_of_it_delivered(
    ports: dict[str, int], server: Server, proxy: TcpProxy, how: How, octets: int, delivered: bytes
) -> None:
    struck = proxy.strike(b"ask", how, octets=octets)

    with connected(ports) as client, pytest.raises(ConnectionResetError):
        asked(client)

    assert struck.met.is_set()
    until(lambda: server.got == delivered, within_s=5, what=f"{delivered!r} at the server")
    with connected(ports) as client:
        assert asked(client) == ANSWER


def test_a_truncated_answer_ends_in_good_order(ports: dict[str, int], server: Server, proxy: TcpProxy) -> None:
    proxy.strike(b"ask", How.TRUNCATE, octets=3)

    with connected(ports) as client:
        assert asked(client) == ANSWER[:3]
    assert server.got == REQUEST


def test_an_answer_that_drips_comes_whole(ports: dict[str, int], proxy: TcpProxy) -> None:
    proxy.strike(b"ask", How.DRIP, octets=2)

    with connected(ports) as client:
        client.sendall(REQUEST)
        assert len(client.recv(1024)) < len(ANSWER)
    with connected(ports) as client:
        assert asked(client) == ANSWER


@pytest.mark.parametrize(("how", "delivered"), [(How.HOLD, b""), (How.STALL, REQUEST)])
def test_what_is_held_goes_on_when_it_is_released(
    ports: dict[str, int], server: Server, proxy: TcpProxy, how: How, delivered: bytes
) -> None:
    struck = proxy.strike(b"ask", how)
    with connected(ports) as client:
        client.sendall(REQUEST)
        assert struck.met.wait(5)
        until(lambda: server.got == delivered, within_s=5, what=f"{delivered!r} at the server")
        struck.release()
        assert client.recv(1024) == ANSWER
    assert server.got == REQUEST


def test_only_what_matches_is_struck_after_so_many_and_so_often(ports: dict[str, int], proxy: TcpProxy) -> None:
    proxy.strike(b"ask", How.BEFORE, after=1, times=1)

    with connected(ports) as client:
        assert asked(client, b"another line\n") == ANSWER
        assert asked(client) == ANSWER
        with pytest.raises(ConnectionResetError):
            asked(client)
    with connected(ports) as client:
        assert asked(client) == ANSWER


def test_a_match_that_comes_in_two_pieces_is_one(ports: dict[str, int], server: Server, proxy: TcpProxy) -> None:
    struck = proxy.strike(b"ask 01", How.LOSE)
    with connected(ports) as client:
        client.sendall(REQUEST[:5])
        until(lambda: server.got == REQUEST[:5], within_s=5, what="the first piece")
        with pytest.raises(ConnectionResetError):
            asked(client, REQUEST[5:])
    assert struck.met.is_set()


def test_connections_are_cut_and_refused_and_admitted_again(ports: dict[str, int], proxy: TcpProxy) -> None:
    with connected(ports) as client:
        assert asked(client) == ANSWER
        proxy.cut()
        with pytest.raises(ConnectionError):
            asked(client)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connected(ports)
    proxy.admit()
    with connected(ports) as client:
        assert asked(client) == ANSWER


def test_mending_ends_all_strikes_and_lets_go_what_is_held(ports: dict[str, int], proxy: TcpProxy) -> None:
    held = proxy.strike(b"ask", How.HOLD)
    proxy.strike(b"ask", How.BEFORE, times=9)
    with connected(ports) as client:
        client.sendall(REQUEST)
        assert held.met.wait(5)
        proxy.mend()
        assert client.recv(1024) == ANSWER
        assert asked(client) == ANSWER


def test_nobody_behind_the_proxy_is_a_reset(ports: dict[str, int]) -> None:
    proxy = TcpProxy(ports["front"], ports["server"])
    proxy.start()
    try:
        with connected(ports) as client, pytest.raises(ConnectionError):
            asked(client)
    finally:
        proxy.stop()
