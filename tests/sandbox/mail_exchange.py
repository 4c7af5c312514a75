"""The deployment's own mail receiver: takes mail for the auto-BCC domain, judges its sender, and brings it, signed."""

import asyncio
import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Sequence
from email.utils import parseaddr

import aiohttp
from aiohttp import web

from tests.sandbox.answers import refuse
from tests.sandbox.gmail_simulator.headers import rewritten, split
from tests.sandbox.plan import Plan
from tests.sandbox.settings import AUTO_BCC_DOMAIN, RECEIVER

MAX_MAIL_BYTES = 64 * 1024 * 1024
TRIES = 40
AGAIN_S = 0.25
VERDICTS = ("pass", "fail", "none")
LOG = logging.getLogger(__name__)


class MailExchange:
    """Brings mail to `capture_bcc` at /raw; what it is asked to bring again, it brings again."""

    def __init__(self, plan: Plan, *, session: aiohttp.ClientSession, now: Callable[[], float]) -> None:
        self._plan, self._session, self._now = plan, session, now
        self._under_way: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        """POST /?from=&to=&to=&authentication=pass|fail|none, the mail as body → the function's own answer."""
        app = web.Application(client_max_size=MAX_MAIL_BYTES)
        app.router.add_post("/", self._take)
        return app

    def receive(self, sender: str, recipients: Sequence[str], raw: bytes, own: bool) -> None:
        """Takes mail that left a simulated account, for those of its recipients that are auto-BCC addresses."""
        to = [one for one in recipients if one.lower().endswith(f"@{AUTO_BCC_DOMAIN}")]
        if to and "capture_bcc" in self._plan.ports:
            task = asyncio.get_running_loop().create_task(self._insist(sender, to, judged(raw, own)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _take(self, request: web.Request) -> web.Response:
        verdict, raw = request.query.get("authentication", "pass"), await request.read()
        if "capture_bcc" not in self._plan.ports or verdict not in VERDICTS:
            return refuse(f"authentication is one of {', '.join(VERDICTS)}", status=400, code="invalid_request")
        sender = request.query.get("from") or parseaddr(split(raw).first("from") or "")[1]
        sender = "" if sender == "<>" else sender
        mail = judged(raw, own=verdict == "pass", known=verdict != "none")
        status, body = await self._bring(secrets.token_hex(12), sender, request.query.getall("to", []), mail)
        return web.Response(status=status, body=body, content_type="application/json")

    async def _insist(self, sender: str, to: list[str], mail: bytes) -> None:
        name = secrets.token_hex(12)
        for _ in range(TRIES):
            try:
                status, _body = await self._bring(name, sender, to, mail)
            except (aiohttp.ClientError, OSError):
                status = 503
            if status < 500:
                return
            await asyncio.sleep(AGAIN_S)
        LOG.warning("a mail for the auto-BCC domain was given up")

    async def _bring(self, name: str, sender: str, to: list[str], mail: bytes) -> tuple[int, bytes]:
        kept = (self._plan.run_dir / "secrets" / "inbound_secret").read_text()
        envelope = {"Inbound-Mail-From": sender, "Inbound-Rcpt-To": ",".join(to)}
        headers = signed(kept, name, str(int(self._now())), envelope, mail)
        url = f"{self._plan.url('capture_bcc')}/raw"
        async with self._session.post(url, data=mail, headers=headers) as answer:
            return answer.status, await answer.read()


def signed(secret: str, name: str, stamp: str, envelope: dict[str, str], mail: bytes) -> dict[str, str]:
    """The headers of a request to /raw."""
    key = base64.b64decode(secret.split(maxsplit=1)[0].removeprefix("whsec_"))
    lines = f"{name}.{stamp}.{envelope['Inbound-Mail-From']}\n{envelope['Inbound-Rcpt-To']}\n"
    mac = base64.b64encode(hmac.new(key, lines.encode() + mail, hashlib.sha256).digest()).decode()
    proof = {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mac}"}
    return {"Content-Type": "message/rfc822", **envelope, **proof}


def judged(raw: bytes, own: bool, *, known: bool = True) -> bytes:
    """The mail with our verdict on top; what others wrote under our name is taken out (RFC 8601 5)."""
    block = split(raw)
    domain = re.sub(r"[^A-Za-z0-9.-]", "", parseaddr(block.first("from") or "")[1].rpartition("@")[2])
    passed = f"dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
    verdict = passed if own else f"dkim=none; dmarc=fail header.from={domain}"
    forged = {f.name.lower() for f in block.fields if f.value.lower().startswith(RECEIVER)} & {"authentication-results"}
    line = ("Authentication-Results", f"{RECEIVER}; {verdict if known else 'none'}")
    return rewritten(raw, block, drop=forged, add=[line])
