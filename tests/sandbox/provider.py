"""The location's mail provider: SMTP with TLS that delivers nothing, shows what it took, and fails as told."""

import asyncio
import base64
import json
import ssl
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.sandbox.answers import listing, refuse
from tests.sandbox.provider_faults import ProviderFault

MAX_MAIL_BYTES = 36_700_160
USERNAME = "sandbox"
PASSWORD = "sandbox-password"


class Provider:
    """Mails in the order of their arrival, over SMTP in, over HTTP out; `connections` counts the mails of each."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self.taken: list[dict[str, object]] = []
        self.faults: list[ProviderFault] = []
        self.connections: dict[int, int] = {}
        self.latest: SMTP | None = None
        self.offers_tls = True

    def app(self) -> web.Application:
        """GET / (items {mail_from, rcpt_to, raw}, raw base64url, newest last), DELETE / (forget), and /control."""
        app = web.Application()
        app.router.add_get("/", self._list)
        app.router.add_delete("/", self._forget)
        app.router.add_post("/control/faults", self._fail)
        app.router.add_delete("/control/faults", self._mend)
        app.router.add_post("/control/behaviour", self._behave)
        app.router.add_get("/control/connections", self._connected)
        return app

    def smtp(self, *, encrypted: bool = False) -> SMTP:
        """The protocol of one SMTP connection: nothing without TLS, nothing without a password."""
        offers = self.offers_tls and not encrypted
        made = SMTP(
            self,
            hostname="provider.sandbox",
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            tls_context=self._tls if offers else None,
            require_starttls=offers,
            auth_required=True,
            auth_require_tls=not encrypted,
            authenticator=self._authenticate,
        )
        self.connections[id(made)] = 0
        self.latest = made
        return made

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USERNAME.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """aiosmtpd calls this for each MAIL FROM."""
        answer = await self._step("mail", server, [])
        if answer:
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """aiosmtpd calls this for each RCPT TO."""
        answer = await self._step("rcpt", server, [address])
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls this for each mail, once it is whole."""
        fault = self._struck("end", list(envelope.rcpt_tos))
        if fault and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault and fault.drop == "before":
            return _drop(server)
        if fault and fault.status:
            return f"{fault.status} {fault.text or 'Not now'}"
        raw = base64.urlsafe_b64encode(envelope.original_content or b"").decode()
        self.taken.append({"mail_from": envelope.mail_from, "rcpt_to": list(envelope.rcpt_tos), "raw": raw})
        self.connections[id(server)] += 1
        return _drop(server) if fault and fault.drop else "250 OK"

    async def _step(self, step: str, server: SMTP, recipients: list[str]) -> str:
        """What to answer in place of the usual; empty where all goes well."""
        fault = self._struck(step, recipients)
        if fault is None:
            return ""
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.drop:
            return _drop(server)
        return f"{fault.status} {fault.text or 'Not now'}" if fault.status else ""

    def _struck(self, step: str, recipients: list[str]) -> ProviderFault | None:
        return next((fault for fault in self.faults if fault.strikes(step, recipients)), None)

    async def _list(self, request: web.Request) -> web.Response:
        return listing(request, self.taken)

    async def _forget(self, _request: web.Request) -> web.Response:
        self.taken.clear()
        return web.Response(status=204)

    async def _fail(self, request: web.Request) -> web.Response:
        try:
            self.faults += [ProviderFault.read(row) for row in await _rows(request)]
        except ValueError as error:
            return refuse(str(error))
        return web.Response(status=204)

    async def _mend(self, _request: web.Request) -> web.Response:
        self.faults.clear()
        self.offers_tls = True
        return web.Response(status=204)

    async def _behave(self, request: web.Request) -> web.Response:
        told = json.loads(await request.read())
        if set(told) != {"offers_starttls"}:
            return refuse("The behaviour is offers_starttls, true or false.")
        self.offers_tls = bool(told["offers_starttls"])
        return web.Response(status=204)

    async def _connected(self, request: web.Request) -> web.Response:
        return listing(request, [{"mails": mails} for mails in self.connections.values()])


async def _rows(request: web.Request) -> list[dict[str, Any]]:
    rows = json.loads(await request.read())
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("Faults come as a list.")
    return rows


def _drop(server: SMTP) -> str:
    """The line is dead; what is answered goes nowhere."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return "421 gone"
