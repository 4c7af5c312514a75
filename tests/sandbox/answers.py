"""Answers of the stack's small servers, in the shapes of the product's contract."""

import uuid
from collections.abc import Sequence

from aiohttp import web


def refuse(message: str, *, status: int = 400, code: str = "invalid_request") -> web.Response:
    """An error as every function answers it."""
    error: dict[str, object] = {
        "code": code,
        "message": message,
        "action": "Correct the request and send it again." if status == 400 else "Try again later.",
        "correlation_id": uuid.uuid4().hex,
        "details": {},
    }
    return web.json_response({"error": error}, status=status)


def listing(request: web.Request, items: Sequence[object]) -> web.Response:
    """All items, or with ?limit= a page of them and the cursor of the next."""
    try:
        start, limit = int(request.query.get("cursor", "0")), int(request.query.get("limit", str(len(items) or 1)))
    except ValueError:
        return refuse("limit and cursor are whole numbers.")
    if start < 0 or limit < 1:
        return refuse("limit is at least 1, cursor one that an answer gave.")
    end = start + limit
    return web.json_response({"items": items[start:end], "next_cursor": str(end) if end < len(items) else None})
