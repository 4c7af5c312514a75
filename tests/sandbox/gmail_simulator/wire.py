"""Requests and answers as the simulator passes them around, whichever way they came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]

JSON_TYPE = "application/json; charset=UTF-8"
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class ApiRequest:
    """One call of the Gmail API: from a connection of its own or out of a batch."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    """What goes back; `headers` besides the content type."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


class ConnectionCutError(Exception):
    """The caller is to see its connection break: after half of the body of an `answer`, or by a `reset`."""

    def __init__(self, answer: Answer | None = None, *, reset: bool = False) -> None:
        super().__init__("connection cut on purpose")
        self.answer, self.reset = answer, reset


def to_json(value: object) -> bytes:
    """Compact UTF-8 JSON."""
    return _encode(value)


def from_json(body: bytes) -> Any:
    """The value of a JSON text; ValueError if it is none."""
    return msgspec.json.decode(body)
