"""A mail provider to hand mail to, in memory and as a server, and what may go wrong there."""

import asyncio
import base64
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from shared.adapters.smtp.providers import SmtpProviders
from shared.adapters.smtp.session import SmtpSession
from shared.domain.addresses import Address, Person
from shared.domain.provider import Provider, Security
from shared.ports.provider import MailProvider
from tests.fakes.provider import FakeProvider, Taken
from tests.sandbox.certificate import LOOPBACK, server_side, write_certificate
from tests.sandbox.provider import PASSWORD, USERNAME
from tests.sandbox.provider import Provider as Sink
from tests.sandbox.provider_faults import ProviderFault

SENDER = Person("Agency Mailer", Address("mailer@provider.example"))


class MailServer(Protocol):
    """The port, where to connect, and what happened there."""

    @property
    def providers(self) -> MailProvider: ...
    @property
    def provider(self) -> Provider: ...
    def taken(self) -> list[Taken]: ...
    def fault(self, at: str, **how: Any) -> None: ...


class FakeServer:
    """The fake."""

    def __init__(self) -> None:
        self.providers = FakeProvider()
        self.provider = Provider("mail.example", 587, Security.STARTTLS, SENDER, USERNAME)

    def taken(self) -> list[Taken]:
        return self.providers.taken

    def fault(self, at: str, **how: Any) -> None:
        self.providers.faults.append(ProviderFault(at, **how))


class Listening:
    """Servers on free ports of this machine, in a thread of their own; `end` leaves nothing behind."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def listen(self, serving: Coroutine[Any, Any, asyncio.Server]) -> int:
        server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)


class SinkServer(Listening):
    """The sandbox's server on two free ports."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._sessions: list[SmtpSession] = []
        write_certificate(folder)
        tls = server_side(folder)
        self.sink = Sink(tls)
        plain = self.listen(self._loop.create_server(self.sink.smtp, LOOPBACK, 0))
        made = self._loop.create_server(lambda: self.sink.smtp(encrypted=True), LOOPBACK, 0, ssl=tls)
        encrypted = self.listen(made)
        self.authorities = (folder / "provider.pem").read_text()
        self.provider = Provider(LOOPBACK, plain, Security.STARTTLS, SENDER, USERNAME)
        self.encrypted = Provider(LOOPBACK, encrypted, Security.TLS, SENDER, USERNAME)
        self.providers = self.trusting(self.authorities)

    def trusting(self, authorities: str, *, password: str = PASSWORD) -> SmtpProviders:
        """Clients that trust these certificates beside the system's."""
        made = _Remembering(lambda _: password, authorities=authorities, inside={LOOPBACK})
        made.sessions = self._sessions
        return made

    def taken(self) -> list[Taken]:
        return [
            Taken(str(row["mail_from"]), tuple(row["rcpt_to"]), base64.urlsafe_b64decode(str(row["raw"])))  # type: ignore[arg-type]
            for row in self.sink.taken
        ]

    def fault(self, at: str, **how: Any) -> None:
        self.sink.faults.append(ProviderFault(at, **how))

    def hang_up(self) -> None:
        """The latest connection is dead at once."""
        transport = self.sink.latest.transport if self.sink.latest else None
        assert isinstance(transport, asyncio.WriteTransport)
        self._loop.call_soon_threadsafe(transport.abort)

    def hang_up_all(self) -> None:
        """Whatever clients left open is closed, without a goodbye."""
        while self._sessions:
            self._sessions.pop()._client.close()

    def end(self) -> None:
        for session in self._sessions:
            session.close()
        super().end()


class _Remembering(SmtpProviders):
    """The adapter; what it opened is closed behind the tests."""

    sessions: list[SmtpSession]

    def open(self, provider: Provider) -> SmtpSession:
        opened = super().open(provider)
        self.sessions.append(opened)
        return opened


@contextmanager
def sink_server(folder: Path) -> Iterator[SinkServer]:
    """The server for as long as the block lasts."""
    server = SinkServer(folder)
    try:
        yield server
    finally:
        server.end()


class PlainServer(Listening):
    """A server that says what it is told, line by line, and keeps what it hears; no TLS."""

    def __init__(self, *lines: str) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.connections = 0
        self._lines = lines
        self.port = self.listen(asyncio.start_server(self._serve, LOOPBACK, 0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            for line in self._lines:
                writer.write(line.encode() + b"\r\n")
                await writer.drain()
                self.heard.append(await reader.readline())
        finally:
            writer.close()
