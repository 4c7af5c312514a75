"""The location's mail provider: an SMTP server that delivers nothing and shows what it took."""

import base64

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.sandbox.answers import listing

MAX_MAIL_BYTES = 36_700_160


class Provider:
    """Mails in the order of their arrival, over SMTP in, over HTTP out."""

    def __init__(self) -> None:
        self._taken: list[dict[str, object]] = []

    def app(self) -> web.Application:
        """GET / (items {mail_from, rcpt_to, raw}, raw base64url, newest last) and DELETE / (forget)."""
        app = web.Application()
        app.router.add_get("/", self._list)
        app.router.add_delete("/", self._forget)
        return app

    def smtp(self) -> SMTP:
        """The protocol of one SMTP connection."""
        return SMTP(self, hostname="provider.sandbox", data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls this for each mail."""
        raw = base64.urlsafe_b64encode(envelope.original_content or b"").decode()
        self._taken.append({"mail_from": envelope.mail_from, "rcpt_to": list(envelope.rcpt_tos), "raw": raw})
        return "250 OK"

    async def _list(self, request: web.Request) -> web.Response:
        return listing(request, self._taken)

    async def _forget(self, _request: web.Request) -> web.Response:
        self._taken.clear()
        return web.Response(status=204)
