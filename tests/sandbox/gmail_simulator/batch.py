"""Batches: up to a hundred calls in one multipart/mixed request, run at the same time, answered in order."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from multidict import CIMultiDict

from tests.sandbox.gmail_simulator.api import GmailApi, refusal
from tests.sandbox.gmail_simulator.errors import GoogleError, invalid
from tests.sandbox.gmail_simulator.headers import split
from tests.sandbox.gmail_simulator.mime_tree import Part, parse
from tests.sandbox.gmail_simulator.wire import Answer, ApiRequest

MOST = 100
_LINE = re.compile(rb"\s*([A-Z]+) (\S+)(?: HTTP/[\d.]+)?\r?\n")
_BOUNDARY = "batch_3b0a9d51c4"
_OUTER = ("Authorization",)


async def serve_batch(api: GmailApi, content_type: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Answers a batch: 200 whatever its parts say. GoogleError 400 for one that cannot be read or is too long."""
    tree = parse(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not tree.parts:
        raise invalid("Failed to parse batch request, error: Failed to read multipart body.", "badRequest")
    if len(tree.parts) > MOST:
        raise invalid(f"The batch request cannot contain more than {MOST} calls.", "badRequest")
    outer = {name: headers[name] for name in _OUTER if name in headers}
    answers = await asyncio.gather(*(_one(api, part, outer, at) for at, part in enumerate(tree.parts)))
    pieces = [_part(part, answer) for part, answer in zip(tree.parts, answers, strict=True)]
    return Answer(200, b"".join([*pieces, f"--{_BOUNDARY}--\r\n".encode()]), f"multipart/mixed; boundary={_BOUNDARY}")


async def _one(api: GmailApi, part: Part, outer: dict[str, str], at: int) -> Answer:
    content = part.content()
    line = _LINE.match(content)
    if line is None:
        return refusal(invalid("Failed to parse inner request.", "badRequest"))
    block = split(content, line.end())
    target = urlsplit(line[2].decode("latin-1"))
    given = CIMultiDict({**outer, **{field.name: field.value for field in block.fields}})
    query = parse_qsl(target.query, keep_blank_values=True)
    inner = ApiRequest(line[1].decode(), unquote(target.path), query, given, content[block.body_at :].strip())
    try:
        return await api.serve(inner, already=at)
    except GoogleError as error:
        return refusal(error)


def _part(asked: Part, answer: Answer) -> bytes:
    content_id = next((field.value for field in asked.headers if field.name.lower() == "content-id"), None)
    named = f"Content-ID: <response-{content_id.strip('<>')}>\r\n" if content_id else ""
    reason = HTTPStatus(answer.status).phrase
    head = (
        f"--{_BOUNDARY}\r\nContent-Type: application/http\r\n{named}\r\n"
        f"HTTP/1.1 {answer.status} {reason}\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n\r\n"
    )
    return head.encode() + answer.body + b"\r\n"
