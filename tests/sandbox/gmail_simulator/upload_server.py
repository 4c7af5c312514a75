"""The upload forms of the Gmail API on the wire: media, multipart and resumable."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.sandbox.gmail_simulator.api import (
    NOT_HERE,
    Call,
    GmailApi,
    admit,
    authenticate,
    before,
    refusal,
    refused,
    shown,
)
from tests.sandbox.gmail_simulator.calls import Call as Recorded
from tests.sandbox.gmail_simulator.discovery import Route, gmail
from tests.sandbox.gmail_simulator.errors import GoogleError, bad_field, invalid
from tests.sandbox.gmail_simulator.faults import Strike
from tests.sandbox.gmail_simulator.resumable import Session, Sessions, read_span
from tests.sandbox.gmail_simulator.uploads import TOO_LARGE, read_body, split_multipart
from tests.sandbox.gmail_simulator.wire import Answer, ApiRequest
from tests.sandbox.gmail_simulator.world import World

_METADATA_LIMIT = 1_048_576


class UploadServer:
    """Turns uploads into calls of the methods behind them."""

    def __init__(self, world: World, api: GmailApi) -> None:
        self._world, self._api = world, api
        self._sessions = Sessions(api, world.chance)

    async def serve(self, request: web.Request) -> Answer:
        """Answers any request below /upload or /resumable/upload."""
        segments = request.path.strip("/").split("/")
        below = segments[segments.index("upload") + 1 :]
        if "upload_id" in request.query:
            return await self._session(request)
        route = gmail().route(request.method, below)
        if route is None or route.method.upload_limit is None:
            return NOT_HERE
        asked = ApiRequest(request.method, request.path, list(request.query.items()), request.headers)
        try:
            return await self._begin(request, route, asked)
        except GoogleError as error:
            return refused(self._world, route, asked, error)

    async def _begin(self, request: web.Request, route: Route, asked: ApiRequest) -> Answer:
        form = request.query.get("uploadType") or request.query.get("upload_protocol") or "media"
        if form == "resumable":
            return await self._open(request, route, asked)
        if form not in {"media", "raw", "multipart"}:
            raise bad_field("uploadType", f"Invalid upload request: unknown upload type {form}")
        limit = route.method.upload_limit or 0
        multipart = form == "multipart"
        admit(self._world, route, asked, media=b"")
        body = await read_body(request, limit + _METADATA_LIMIT if multipart else limit)
        if body is None:
            return self._too_large(route, asked)
        content_type = request.headers.get("Content-Type", "")
        if not multipart:
            _check_media(content_type)
            return await self._api.perform(admit(self._world, route, asked, media=body))
        upload = split_multipart(content_type, body)
        if len(upload.media) > limit:
            return self._too_large(route, asked)
        asked.body = upload.metadata
        return await self._api.perform(admit(self._world, route, asked, media=upload.media))

    def _too_large(self, route: Route, asked: ApiRequest) -> Answer:
        email = authenticate(self._world, asked).grant.account.email
        now = self._world.clock.now()
        self._world.calls.add(Recorded(now, route.method.id, email, None, None, 413, 0, len(TOO_LARGE.body)))
        return TOO_LARGE

    async def _open(self, request: web.Request, route: Route, asked: ApiRequest) -> Answer:
        asked.body = await read_body(request, _METADATA_LIMIT) or b""
        call = admit(self._world, route, asked)
        strike = self._world.faults.strike("upload.start", call.account.email)
        return await _struck(strike, lambda: self._opened(request, call, route, asked))

    async def _opened(self, request: web.Request, call: Call, route: Route, asked: ApiRequest) -> Answer:
        _check_media(request.headers.get("X-Upload-Content-Type", "message/rfc822"))
        told = request.headers.get("X-Upload-Content-Length")
        if told is not None and not told.isdigit():
            raise invalid("Invalid X-Upload-Content-Length", "badRequest")
        total = int(told) if told else None
        if total is not None and total > (route.method.upload_limit or 0):
            return self._too_large(route, asked)
        upload_id = self._sessions.open(call, total)
        self._record("upload.start", call.account.email, 200)
        where = f"{request.scheme}://{request.host}{request.path}?uploadType=resumable&upload_id={upload_id}"
        return Answer(200, b"", headers={"Location": where, "X-GUploader-UploadID": upload_id})

    async def _session(self, request: web.Request) -> Answer:
        try:
            session = self._sessions.find(request.query["upload_id"])
            if "Authorization" in request.headers:
                authenticate(self._world, ApiRequest(request.method, request.path, [], request.headers))
            return await self._continue(request, session)
        except GoogleError as error:
            self._record("upload.chunk", None, error.status)
            return refusal(error)

    async def _continue(self, request: web.Request, session: Session) -> Answer:
        email = session.call.account.email
        asking = read_span(request.headers.get("Content-Range")).start is None
        kind = "upload.status" if asking else "upload.chunk"
        strike = self._world.faults.strike(kind, email)
        return await _struck(strike, lambda: self._put(session, request, kind, email))

    async def _put(self, session: Session, request: web.Request, kind: str, email: str) -> Answer:
        known = session.answer is not None
        answer = await self._sessions.put(session, request)
        if answer.status == 308 or known:
            self._record(kind, email, answer.status)
        return answer

    def _record(self, method: str, email: str | None, status: int) -> None:
        self._world.calls.add(Recorded(self._world.clock.now(), method, email, None, None, status, 0, 0))


async def _struck(strike: Strike, effect: Callable[[], Awaitable[Answer]]) -> Answer:
    """The effect's answer, or what a fault makes of it."""
    try:
        await before(strike)
        return await shown(await effect(), strike)
    finally:
        if strike.hold:
            strike.hold.over.set()


def _check_media(content_type: str) -> None:
    if not content_type.lower().startswith("message/"):
        message = f"Media type '{content_type}' is not supported. Valid media types: [message/*]"
        raise GoogleError(400, message, "badContent")
