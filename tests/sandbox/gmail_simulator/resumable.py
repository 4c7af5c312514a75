"""Resumable uploads: sessions that take a mail in pieces, tell how far it got, and answer once it is sent."""

import asyncio
import random
import re
from dataclasses import dataclass, field

from aiohttp import web

from tests.sandbox.gmail_simulator.api import Call, GmailApi
from tests.sandbox.gmail_simulator.errors import invalid, not_found
from tests.sandbox.gmail_simulator.uploads import TOO_LARGE, read_body
from tests.sandbox.gmail_simulator.wire import Answer, ConnectionCutError

GRANULE = 256 * 1024
"""What an interrupted request brought is kept in multiples of this."""

_LIFE_S = 7 * 86_400
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True)
class Session:
    """One upload: the call it will become, what has arrived, and the answer once it is complete."""

    call: Call
    limit: int
    total: int | None
    expires_at: float
    received: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Span:
    """What a PUT says it carries: from where, and how long the whole mail is; `start` None only asks."""

    start: int | None
    total: int | None


class Sessions:
    """The uploads under way, by upload id."""

    def __init__(self, api: GmailApi, chance: random.Random) -> None:
        self._api, self._chance = api, chance
        self._sessions: dict[str, Session] = {}

    def open(self, call: Call, total: int | None) -> str:
        """Begins an upload; its id."""
        upload_id = f"A{self._chance.getrandbits(200):050x}"
        expires = call.world.clock.now() + _LIFE_S
        self._sessions[upload_id] = Session(call, call.method.upload_limit or 0, total, expires)
        return upload_id

    def find(self, upload_id: str) -> Session:
        """An upload that is under way or has ended; GoogleError 404 if there is none."""
        session = self._sessions.get(upload_id)
        if session is None or session.expires_at <= session.call.world.clock.now():
            raise not_found()
        if session.answer is not None and not session.call.world.behaviour.session_answers_after_completion:
            raise not_found()
        return session

    async def put(self, session: Session, request: web.Request) -> Answer:
        """One PUT: takes what it carries; the answer of the method once all has arrived, else 308 and how far it is.

        A question that comes while another PUT is dealt with is told what has arrived so far, which may be all.
        """
        told = request.headers.get("Content-Range")
        span = read_span(told)
        if span.start is None and session.busy.locked():
            return so_far(session)
        async with session.busy:
            try:
                return await self._put(session, request, told, span)
            except OSError as error:
                raise ConnectionCutError from error

    async def _put(self, session: Session, request: web.Request, told: str | None, span: Span) -> Answer:
        if session.answer is not None:
            await read_body(request, 0)
            return session.answer
        session.total = session.total if span.total is None else span.total
        if span.start is None:
            await read_body(request, 0)
        elif not await self._take(session, span.start, request, whole=told is None):
            return TOO_LARGE
        if session.total is None or len(session.received) < session.total:
            return so_far(session)
        return await self._complete(session)

    async def _take(self, session: Session, start: int, request: web.Request, *, whole: bool) -> bool:
        """Reads a body; False if it makes the mail too long."""
        received = session.received
        if start > len(received):
            raise invalid(f"Content-Range begins at {start}, but {len(received)} bytes have arrived", "badRequest")
        skip, length = len(received) - start, start
        try:
            async for piece in request.content.iter_any():
                length += len(piece)
                if length <= session.limit:
                    received += piece[skip:]
                skip = max(0, skip - len(piece))
        except (OSError, web.RequestPayloadError) as error:
            _forget_tail(session, len(received))
            raise ConnectionCutError from error
        if whole:
            session.total = length
        elif session.total is None or length < session.total:
            _forget_tail(session, len(received))
        return length <= session.limit

    async def _complete(self, session: Session) -> Answer:
        call = session.call
        call.media = bytes(session.received)
        try:
            answer = await self._api.perform(call)
        finally:
            if call.done is not None:
                session.answer, session.received = call.done, bytearray()
            else:
                _forget_tail(session, len(session.received) - 1)
        return answer


def _forget_tail(session: Session, length: int) -> None:
    del session.received[max(0, length) // GRANULE * GRANULE :]


def so_far(session: Session) -> Answer:
    """308 with the range that has arrived; no Range where nothing has."""
    headers = {"Range": f"bytes=0-{len(session.received) - 1}"} if session.received else {}
    return Answer(308, b"", "text/html; charset=UTF-8", headers)


def read_span(header: str | None) -> Span:
    """The Content-Range of a PUT; none means the whole mail from its beginning. GoogleError 400 for nonsense."""
    if header is None:
        return Span(0, None)
    told = _RANGE.fullmatch(header.strip())
    if told is None:
        raise invalid(f"Failed to parse Content-Range header: {header}", "badRequest")
    return Span(int(told[1]) if told[1] else None, None if told[3] == "*" else int(told[3]))
