"""The simulator on the wire: one aiohttp application for the Gmail API, its uploads and batches, OAuth, control."""

import socket
import struct
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from aiohttp import web

from tests.sandbox.gmail_simulator import methods_drafts, methods_mailbox, methods_messages, methods_settings
from tests.sandbox.gmail_simulator.api import GmailApi, Perform, refusal
from tests.sandbox.gmail_simulator.batch import serve_batch
from tests.sandbox.gmail_simulator.control_conditions import ConditionControl
from tests.sandbox.gmail_simulator.control_mailboxes import MailboxControl
from tests.sandbox.gmail_simulator.errors import GoogleError
from tests.sandbox.gmail_simulator.oauth_server import OAuthServer
from tests.sandbox.gmail_simulator.upload_server import UploadServer
from tests.sandbox.gmail_simulator.wire import Answer, ApiRequest, ConnectionCutError
from tests.sandbox.gmail_simulator.world import World

LARGEST_BODY = 128 * 1024 * 1024

METHODS: dict[str, Perform] = {
    **methods_mailbox.METHODS,
    **methods_messages.METHODS,
    **methods_settings.METHODS,
    **methods_drafts.METHODS,
}

Serve = Callable[[web.Request], Awaitable[Answer]]


class Server:
    """Wires the parts of the simulator to paths."""

    def __init__(self, world: World) -> None:
        self._api = GmailApi(world, METHODS)
        self._uploads = UploadServer(world, self._api)
        self._oauth = OAuthServer(world)
        self._controls = [*MailboxControl(world).routes(), *ConditionControl(world).routes()]

    def app(self) -> web.Application:
        """A new application; all of them share the one world."""
        app = web.Application(client_max_size=LARGEST_BODY)
        oauth = self._oauth
        for path in (
            "/gmail/{rest:.*}",
            "/upload/{rest:.*}",
            "/resumable/upload/{rest:.*}",
            "/batch",
            "/batch/{rest:.*}",
        ):
            serve = (
                self._gmail if path.startswith("/gmail") else self._batch if "batch" in path else self._uploads.serve
            )
            app.router.add_route("*", path, _sent(serve))
        app.router.add_get("/o/oauth2/v2/auth", _sent(oauth.ask))
        app.router.add_post("/o/oauth2/v2/auth", _sent(oauth.decide))
        app.router.add_post("/token", _sent(oauth.token))
        app.router.add_post("/revoke", _sent(oauth.revoke))
        app.router.add_get("/oauth2/v1/certs", _sent(oauth.certificates))
        app.router.add_get("/oauth2/v3/certs", _sent(oauth.jwks))
        app.router.add_get("/", _front)
        app.router.add_routes(self._controls)
        return app

    async def _gmail(self, request: web.Request) -> Answer:
        method = request.headers.get("X-HTTP-Method-Override", request.method)
        query = list(request.query.items())
        body = await request.read() if request.body_exists else b""
        if method != request.method and request.content_type == "application/x-www-form-urlencoded":
            query, body = [*query, *parse_qsl(body.decode(), keep_blank_values=True)], b""
        return await self._api.serve(ApiRequest(method, request.path, query, request.headers, body))

    async def _batch(self, request: web.Request) -> Answer:
        body = await request.read()
        try:
            return await serve_batch(self._api, request.headers.get("Content-Type", ""), request.headers, body)
        except GoogleError as error:
            return refusal(error)


def _sent(serve: Serve) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            answer = await serve(request)
        except ConnectionCutError as cut:
            return await _cut(request, cut.answer, reset=cut.reset)
        headers = {**answer.headers, "Content-Type": answer.content_type}
        return web.Response(body=answer.body, status=answer.status, headers=headers)

    return handle


async def _cut(request: web.Request, answer: Answer | None, *, reset: bool) -> web.StreamResponse:
    """Breaks the connection, after half of the answer's body if there is one to show, or with TCP's own RST."""
    response = web.StreamResponse(status=answer.status if answer else 500)
    if answer is not None:
        response.content_length = len(answer.body)
        response.headers["Content-Type"] = answer.content_type
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.close() if answer else request.transport.abort()
    return response


async def _front(request: web.Request) -> web.Response:
    return web.Response(text="Gmail simulator. Control: /control/…\n")
