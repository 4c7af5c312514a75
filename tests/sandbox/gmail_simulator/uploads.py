"""Uploads of mails in one request: plain (media) and with their JSON (multipart)."""

import re
from dataclasses import dataclass

from aiohttp import web

from tests.sandbox.gmail_simulator.errors import bad_field
from tests.sandbox.gmail_simulator.headers import split
from tests.sandbox.gmail_simulator.wire import Answer

DRAIN_LIMIT = 256 * 1024 * 1024
TOO_LARGE = Answer(413, b"Request Entity Too Large", "text/plain; charset=UTF-8")

_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|([^\s;]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A mail, with the JSON that came along (empty if none did)."""

    metadata: bytes
    media: bytes


async def read_body(request: web.Request, limit: int) -> bytes | None:
    """The whole body; None if it is longer than `limit`, once the rest has been read and thrown away."""
    kept, length = bytearray(), 0
    async for piece in request.content.iter_any():
        length += len(piece)
        if length <= limit:
            kept += piece
        elif length > DRAIN_LIMIT:
            break
    return bytes(kept) if length <= limit else None


def split_multipart(content_type: str, body: bytes) -> Upload:
    """The two parts of a multipart/related upload; GoogleError 400 if it is not made of them."""
    named = _BOUNDARY.search(content_type)
    if not named:
        raise bad_field("", "Missing multipart boundary")
    mark = b"--" + (named[1] or named[2]).encode()
    first = body.find(mark)
    second = body.find(b"\n" + mark, first + len(mark))
    last = body.rfind(b"\n" + mark + b"--")
    if min(first, second, last) < 0 or second >= last:
        raise bad_field("", "Malformed multipart body.")
    metadata = _content(body, body.find(b"\n", first) + 1, second)
    media = _content(body, body.find(b"\n", second + 1) + 1, last)
    return Upload(metadata, media)


def _content(body: bytes, start: int, end: int) -> bytes:
    stop = end - 1 if body[end - 1 : end] == b"\r" else end
    return body[split(body, start, stop).body_at : stop]
