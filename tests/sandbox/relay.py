"""Between the Pub/Sub emulator and the functions: adds the OIDC token that Google sends and the emulator does not."""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from aiohttp import web

from tests.sandbox.answers import refuse
from tests.sandbox.plan import Plan
from tests.sandbox.settings import PUSH_SERVICE_ACCOUNT, environment

GOOGLE = "https://accounts.google.com"
SUBJECT = "117000000000000000001"
LIFE_S = 3_600
MAX_PUSH_BYTES = 32 * 1024 * 1024
LOG = logging.getLogger(__name__)

Sign = Callable[[Mapping[str, object]], str]
Deliver = Callable[[], Awaitable[int]]
Admit = Callable[[Deliver], Awaitable[int]]


class Relay:
    """`sign` makes a token of claims with Google's key; `admit` may hold, double or lose Gmail's own notifications."""

    def __init__(
        self, plan: Plan, *, session: aiohttp.ClientSession, sign: Sign, admit: Admit, now: Callable[[], float]
    ) -> None:
        self._plan, self._session, self._sign, self._admit, self._now = plan, session, sign, admit, now
        self._gmail_topic = plan.table.topics.get("GMAIL_TOPIC")
        self._audiences = {
            row.name: environment(plan, row.name).get("PUSH_AUDIENCE", "") for row, _ in plan.table.pushes()
        }

    def app(self) -> web.Application:
        """POST /push/{function}/{topic}."""
        app = web.Application(client_max_size=MAX_PUSH_BYTES)
        app.router.add_post("/push/{function}/{topic}", self._push)
        return app

    async def _push(self, request: web.Request) -> web.Response:
        name, topic, body = request.match_info["function"], request.match_info["topic"], await request.read()
        if name not in self._audiences:
            return refuse(f"There is no pushed function {name}.", status=404, code="not_found")

        async def deliver() -> int:
            return await self._forward(name, body)

        status = await (self._admit(deliver) if topic == self._gmail_topic else deliver())
        return web.Response(status=status)

    async def _forward(self, name: str, body: bytes) -> int:
        row = self._plan.table.functions[name]
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token(self._audiences[name])}",
            # The platform traces every request by itself, also one that a push makes.
            "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00",
        }
        patience = aiohttp.ClientTimeout(total=row.timeout_s)
        try:
            url = f"{self._plan.url(name)}/"
            async with self._session.post(url, data=body, headers=headers, timeout=patience) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            LOG.warning("%s: %r", name, error)
            return 503

    def token(self, audience: str) -> str:
        """An OIDC token as Google puts on a push; good by the real clock and by the stack's."""
        claims = {
            "iss": GOOGLE,
            "aud": audience,
            "azp": SUBJECT,
            "sub": SUBJECT,
            "email": PUSH_SERVICE_ACCOUNT,
            "email_verified": True,
            "iat": int(time.time()),
            "exp": int(self._now()) + LIFE_S,
        }
        return self._sign(claims)
