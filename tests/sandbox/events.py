"""The CRM's ends for events: a receiver of webhooks, and a subscription to the topic; each event once, in order."""

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from tests.sandbox.answers import listing, refuse
from tests.sandbox.event_faults import HANGS_S, EventFault, verified

FIELDS = frozenset({"id", "type", "location", "occurred_at", "data"})
WAYS = ("webhook", "topic")


@dataclass(slots=True)
class _Kept:
    """Events by id, in the order of their first arrival; `repeats` counts what came again."""

    events: dict[str, dict[str, object]] = field(default_factory=dict)
    repeats: int = 0

    def keep(self, event: dict[str, object]) -> None:
        self.repeats += event["id"] in self.events
        self.events.setdefault(str(event["id"]), event)


class EventReceiver:
    """`way` is how the events come that GET / lists. `secrets` gives the keys that webhooks may be signed with.

    `now` gives the time, and what it was before it was moved a moment ago.
    """

    def __init__(self, *, way: str, secrets: Callable[[], Sequence[str]], now: Callable[[], Sequence[float]]) -> None:
        self._way, self._secrets, self._now = way, secrets, now
        self._kept = {one: _Kept() for one in WAYS}
        self._faults: list[EventFault] = []
        self._tries: list[dict[str, object]] = []

    def app(self) -> web.Application:
        """POST /webhook, POST /push (Pub/Sub), and what came: GET /, /webhook, /topic (items, newest last).

        GET /repeats counts what came again, GET /tries lists every webhook as {id, at, status}; DELETE / forgets all.
        POST /control/faults (a list) makes webhooks fail, DELETE ends it.
        """
        app = web.Application()
        app.router.add_post("/webhook", self._webhook)
        app.router.add_post("/push", self._push)
        app.router.add_get("/", self._list)
        app.router.add_get("/{way:webhook|topic}", self._list)
        app.router.add_delete("/", self._forget)
        app.router.add_get("/repeats", self._count)
        app.router.add_get("/tries", self._tried)
        app.router.add_post("/control/faults", self._fail)
        app.router.add_delete("/control/faults", self._mend)
        return app

    async def _webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        answer = await self._answer(request, body)
        name = request.headers.get("webhook-id", "")
        self._tries.append({"id": name, "at": self._now()[0], "status": answer.status})
        return answer

    async def _answer(self, request: web.Request, body: bytes) -> web.Response:
        if fault := next((one for one in self._faults if one.strikes()), None):
            await asyncio.sleep(HANGS_S if fault.hang else fault.delay_s)
            if fault.status:
                more = {"Retry-After": fault.retry_after} if fault.retry_after else {}
                return web.Response(status=fault.status, headers={"Location": "/elsewhere", **more})
        if not any(verified(request.headers, body, self._secrets(), now=now) for now in self._now()):
            return refuse("The signature is not ours, or too old.", status=401, code="unauthenticated")
        try:
            event = _event(body)
        except ValueError as error:
            return refuse(str(error))
        if event["id"] != request.headers["webhook-id"]:
            return refuse("The webhook's id is the event's.")
        self._kept["webhook"].keep(event)
        return web.Response(status=204)

    async def _push(self, request: web.Request) -> web.Response:
        try:
            envelope = json.loads(await request.read())
            event = _event(base64.b64decode(envelope["message"]["data"]))
        except (KeyError, TypeError, ValueError):
            return refuse("This is no Pub/Sub push with a JSON event.")
        self._kept["topic"].keep(event)
        return web.Response(status=204)

    async def _list(self, request: web.Request) -> web.Response:
        return listing(request, list(self._kept[request.match_info.get("way", self._way)].events.values()))

    async def _forget(self, _request: web.Request) -> web.Response:
        self._kept = {one: _Kept() for one in WAYS}
        self._tries.clear()
        return web.Response(status=204)

    async def _count(self, _request: web.Request) -> web.Response:
        return web.json_response({"repeats": self._kept[self._way].repeats})

    async def _tried(self, request: web.Request) -> web.Response:
        return listing(request, self._tries)

    async def _fail(self, request: web.Request) -> web.Response:
        try:
            self._faults += [EventFault.read(row) for row in json.loads(await request.read())]
        except (AttributeError, TypeError, ValueError) as error:
            return refuse(str(error))
        return web.Response(status=204)

    async def _mend(self, _request: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)


def _event(body: bytes) -> dict[str, object]:
    event = json.loads(body)
    if not (isinstance(event, dict) and FIELDS.issubset(event)):
        raise ValueError(f"An event has {', '.join(sorted(FIELDS))}.")
    return event
