"""A proxy for TCP that loses, cuts, holds and drips on command, so that a wire can break where a test wants it to."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

BLOCK = 65_536
BEAT_S = 0.01
HOST = "127.0.0.1"


class How(StrEnum):
    """What befalls the request that a strike meets, and its answer."""

    BEFORE = "before"
    """Reset before anything of it was delivered."""
    PART = "part"
    """Reset after `octets` of it were delivered."""
    LOSE = "lose"
    """Delivered whole; reset when the answer begins to come."""
    TRUNCATE = "truncate"
    """Delivered whole; closed, in good order, after `octets` of the answer."""
    HOLD = "hold"
    """Delivered only when the strike is released."""
    STALL = "stall"
    """Delivered whole; the answer is passed on only when the strike is released."""
    DRIP = "drip"
    """Delivered whole; the answer comes `octets` by `octets`."""


@dataclass(slots=True)
class Strike:
    """Strikes requests that contain `matching`, skipping the first `after`, `times` times."""

    matching: bytes
    how: How
    octets: int = 1
    after: int = 0
    times: int = 1
    met: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Lets go what is held."""
        self._released.set()

    async def released(self) -> None:
        """Waits until it is let go."""
        await asyncio.to_thread(self._released.wait)


class _Connection:
    """One client's connection and ours to the server behind."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, matched: Callable[[bytes], Strike | None]
    ) -> None:
        self._client, self._server, self._matched = client, server, matched
        self._strike: Strike | None = None
        self._tail = b""
        self._left = 0

    async def requested(self, block: bytes) -> None:
        """Bytes from the client."""
        seen, self._tail = self._tail + block, block[-256:]
        if strike := self._matched(seen):
            self._strike, self._left, self._tail = strike, strike.octets, b""
            strike.met.set()
        match self._strike.how if self._strike else None:
            case How.BEFORE:
                self.reset()
                return
            case How.PART:
                block, self._left = block[: self._left], self._left - len(block)
                await _passed(self._server, block)
                if self._left <= 0:
                    self.reset()
                return
            case How.HOLD if self._strike:
                await self._strike.released()
        await _passed(self._server, block)

    async def answered(self, block: bytes) -> None:
        """Bytes from the server."""
        match self._strike.how if self._strike else None:
            case How.LOSE:
                self.reset()
            case How.TRUNCATE:
                block, self._left = block[: self._left], self._left - len(block)
                await _passed(self._client, block)
                if self._left <= 0:
                    self._client.close()
                    _reset(self._server)
            case How.DRIP if self._strike:
                for first in range(0, len(block), self._strike.octets):
                    await _passed(self._client, block[first : first + self._strike.octets])
                    await asyncio.sleep(BEAT_S)
            case How.STALL if self._strike:
                await self._strike.released()
                await _passed(self._client, block)
            case _:
                await _passed(self._client, block)

    def reset(self) -> None:
        """Both ends are cut off, as by a router that forgot them."""
        _reset(self._client)
        _reset(self._server)

    def close(self) -> None:
        """Both ends are closed in good order."""
        self._client.close()
        self._server.close()


class TcpProxy:
    """Listens on `port` and passes everything on to `target` until told otherwise; a thread of its own."""

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._strikes: list[Strike] = []
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listens."""
        self._thread.start()
        self._in_loop(self._listen)

    def stop(self) -> None:
        """Ends; what is held is let go, and then cut off."""
        self.mend()
        self._in_loop(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def strike(self, matching: bytes, how: How, *, octets: int = 1, after: int = 0, times: int = 1) -> Strike:
        """The next requests that contain `matching` are struck; their `met` says when."""
        struck = Strike(matching, how, octets, after, times)
        self._strikes.append(struck)
        return struck

    def mend(self) -> None:
        """No strike is in force any more, and what is held is let go."""
        struck, self._strikes = self._strikes, []
        for one in struck:
            one.release()

    def cut(self) -> None:
        """Resets all connections that there are."""
        self._in_loop(self._cut)

    def refuse(self) -> None:
        """Takes no new connections, and resets those that there are."""
        self._in_loop(self._close)

    def admit(self) -> None:
        """Takes connections again."""
        self._in_loop(self._listen)

    def _in_loop(self, act: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await act()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self._port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for connection in list(self._connections):
            connection.reset()

    def _matched(self, seen: bytes) -> Strike | None:
        for strike in self._strikes:
            if strike.matching in seen and strike.times:
                if strike.after:
                    strike.after -= 1
                    continue
                strike.times -= 1
                return strike
        return None

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._target)
        except OSError:
            _reset(to_client)
            return
        connection = _Connection(to_client, to_server, self._matched)
        self._connections.add(connection)
        ways = (
            asyncio.create_task(_pumped(from_client, connection.requested)),
            asyncio.create_task(_pumped(from_server, connection.answered)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._connections.discard(connection)
            connection.close()


async def _pumped(reader: asyncio.StreamReader, each: Callable[[bytes], Awaitable[None]]) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(BLOCK):
            await each(block)


async def _passed(writer: asyncio.StreamWriter, block: bytes) -> None:
    if block and not writer.is_closing():
        writer.write(block)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and not writer.is_closing():
        # With nothing to linger for, closing sends a reset.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
