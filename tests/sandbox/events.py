"""The CRM's end of the topic `events`: keeps what it is pushed, in order, each event once."""

import base64
import json

from aiohttp import web

from tests.sandbox.answers import listing, refuse

FIELDS = frozenset({"id", "type", "location", "occurred_at", "data"})


class EventReceiver:
    """Events by id, in the order of their first arrival; `repeats` counts what came again."""

    def __init__(self) -> None:
        self.repeats = 0
        self._kept: dict[str, dict[str, object]] = {}

    def app(self) -> web.Application:
        """POST /push (Pub/Sub), GET / (items, newest last), DELETE / (forget), GET /repeats."""
        app = web.Application()
        app.router.add_post("/push", self._push)
        app.router.add_get("/", self._list)
        app.router.add_delete("/", self._forget)
        app.router.add_get("/repeats", self._count)
        return app

    async def _push(self, request: web.Request) -> web.Response:
        try:
            envelope = json.loads(await request.read())
            event = json.loads(base64.b64decode(envelope["message"]["data"]))
        except (KeyError, TypeError, ValueError):
            return refuse("This is no Pub/Sub push with a JSON event.")
        if not (isinstance(event, dict) and FIELDS.issubset(event)):
            return refuse(f"An event has {', '.join(sorted(FIELDS))}.")
        if event["id"] in self._kept:
            self.repeats += 1
        self._kept.setdefault(event["id"], event)
        return web.Response(status=204)

    async def _list(self, request: web.Request) -> web.Response:
        return listing(request, list(self._kept.values()))

    async def _forget(self, _request: web.Request) -> web.Response:
        self._kept.clear()
        self.repeats = 0
        return web.Response(status=204)

    async def _count(self, _request: web.Request) -> web.Response:
        return web.json_response({"repeats": self.repeats})
