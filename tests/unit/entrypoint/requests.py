"""Requests and answers as the framework would hand them over."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import flask
import msgspec
from werkzeug.test import EnvironBuilder


def request(
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    chunked: bool = False,
    says: int | None = None,
) -> flask.Request:
    """A request; `chunked` comes without its length, `says` lies about it."""
    sent = [] if headers is None else list(headers.items())
    environ = EnvironBuilder(path=path, method=method, headers=sent).get_environ()
    environ["wsgi.input"] = BytesIO(body or b"")
    environ.pop("CONTENT_LENGTH", None)
    if chunked:
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    elif body is not None or says is not None:
        environ["CONTENT_LENGTH"] = str(len(body or b"") if says is None else says)
    return flask.Request(environ)


def content(response: flask.Response) -> Any:
    """The JSON of an answer."""
    return msgspec.json.decode(response.get_data())


def error(response: flask.Response) -> dict[str, Any]:
    """The error of an answer, which has exactly the shape that all functions share."""
    body = content(response)
    assert set(body) == {"error"}
    told: dict[str, Any] = body["error"]
    assert set(told) == {"code", "message", "action", "correlation_id", "details"}
    assert told["message"]
    assert told["action"]
    assert len(told["correlation_id"]) == 16
    assert response.mimetype == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    return told
