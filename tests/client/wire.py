"""HTTP as the tests speak it: one call, its answer, and waiting for what shows up later."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
from urllib3.fields import RequestField

T = TypeVar("T")

POOL = urllib3.PoolManager(maxsize=32, timeout=urllib3.Timeout(connect=5, read=120), retries=False)


class RefusedError(AssertionError):
    """An answer from 400 on, where the caller counted on success."""

    def __init__(self, what: str, answer: "Answer") -> None:
        super().__init__(f"{what}: {answer.status} {answer.body[:2000].decode('utf-8', 'replace')}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names as sent, looked up in any case) and bytes of one answer; redirects are not followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON; None where it is empty."""
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str:
        """The product's error code, '' where the answer carries none."""
        shape = self.json()
        return str(shape["error"]["code"]) if isinstance(shape, dict) and "error" in shape else ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a multipart form."""

    name: str
    content_type: str
    content: bytes


def call(
    method: str,
    url: str,
    *,
    token: str | None = None,
    body: Any = None,
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    form: list[RequestField] | None = None,
) -> Answer:
    """One request, never repeated. `body`: bytes as they are, anything else as JSON; `form` makes it multipart."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    payload = body
    if form is not None:
        payload, sent["Content-Type"] = urllib3.encode_multipart_formdata(form)
    elif body is not None and not isinstance(body, bytes):
        payload = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    target = f"{url}?{urlencode(asked)}" if asked else url
    response = POOL.request(method, target, body=payload, headers=sent, redirect=False)
    return Answer(response.status, response.headers, response.data)


def ok(answer: Answer, what: str) -> Any:
    """The JSON of an answer below 400; raises RefusedError, naming `what`, for any other."""
    if answer.status >= 400:
        raise RefusedError(what, answer)
    return answer.json()


def part(name: str, content: bytes, content_type: str, *, filename: str | None = None) -> RequestField:
    """One part of a multipart form."""
    field = RequestField(name=name, data=content, filename=filename)
    field.make_multipart(content_type=content_type)
    return field


def until(look: Callable[[], T | None], *, within_s: float = 20.0, every_s: float = 0.05, what: str = "") -> T:
    """The first truthy value that `look` returns; AssertionError with the last one after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'it'} did not show up within {within_s} s; last seen: {seen!r}")
        time.sleep(every_s)
    return seen
