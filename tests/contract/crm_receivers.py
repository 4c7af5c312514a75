"""Receivers of events, in memory and as servers on this machine, and what they can do wrong."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from shared.adapters.webhooks.client import HttpWebhook
from shared.adapters.webhooks.target import target_of
from shared.ports.webhooks import Webhook
from tests.contract.mail_servers import Listening
from tests.fakes.webhooks import FakeWebhook
from tests.sandbox.certificate import LOOPBACK, server_side, write_certificate

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEYS = (b"n" * 32, b"o" * 32)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receiver(Protocol):
    """The port, what to answer from now on, and the bodies that came."""

    @property
    def webhook(self) -> Webhook: ...
    def answers(self, status: int, *, retry_after: int | None = None) -> None: ...
    def bodies(self) -> list[bytes]: ...


class FakeReceiver:
    """The fake; the bodies of refused tries are not kept, so it is asked only where all were taken."""

    def __init__(self) -> None:
        self.webhook = FakeWebhook()

    def answers(self, status: int, *, retry_after: int | None = None) -> None:
        self.webhook.status, self.webhook.retry_after = status, retry_after

    def bodies(self) -> list[bytes]:
        return [body for _, body in self.webhook.taken]


class ServedReceiver(Listening):
    """A server whose answers are said word for word; `requests` are heads and bodies as they came."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.talk: Talk = self.said(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.port = self.listen(asyncio.start_server(self._serve, LOOPBACK, 0, ssl=tls))
        self.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}/events?of=crm"
        self.webhook: Webhook = self.sender()

    def sender(self, url: str = "", *, tls: ssl.SSLContext | None = None, seconds: float = 5.0) -> HttpWebhook:
        return HttpWebhook(target_of(url or self.url, local=True), KEYS, tls=tls, seconds=seconds)

    def answers(self, status: int, *, retry_after: int | None = None) -> None:
        more = b"" if retry_after is None else b"Retry-After: %d\r\n" % retry_after
        self.talk = self.said(
            b"HTTP/1.1 %d Word\r\nLocation: /elsewhere\r\n%sContent-Length: 2\r\n\r\n{}" % (status, more)
        )

    def bodies(self) -> list[bytes]:
        return [body for _, body in self.requests]

    def said(self, answer: bytes) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.heard(reader)
            writer.write(answer)
            await writer.drain()

        return talk

    async def heard(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        self.requests.append((head, await reader.readexactly(int(lines[b"content-length"]))))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@contextmanager
def served(*, tls: ssl.SSLContext | None = None) -> Iterator[ServedReceiver]:
    """A server for as long as the block lasts."""
    server = ServedReceiver(tls=tls)
    try:
        yield server
    finally:
        server.end()


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side and that of who trusts it."""
    write_certificate(folder)
    return server_side(folder), ssl.create_default_context(cafile=str(folder / "provider.pem"))
