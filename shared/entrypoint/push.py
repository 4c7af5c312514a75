"""Pushes from Pub/Sub: proven to be Google's before anything of them is read; then acknowledged or refused."""

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import flask
import msgspec
from werkzeug.exceptions import RequestEntityTooLarge

from shared.entrypoint import log
from shared.entrypoint.answers import Answer, failed, response
from shared.entrypoint.leftover import finished
from shared.errors import Rejected, Transient

MOST_BYTES = 1_048_576
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading an envelope raises that is none, or whose data is no JSON object."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One delivery of a message; `id` is the same each time that it comes."""

    id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PushGate:
    """How a push proves itself, and the clock. `verify` raises `Rejected`, or `Transient` without the certificates."""

    verify: Callable[[str], None]
    now: Callable[[], datetime]


def receive(
    request: flask.Request, gate: Callable[[], PushGate], run: Callable[[Pushed], Mapping[str, object]]
) -> flask.Response:
    """Acknowledges (204) what `run` handled and what nobody could ever handle; refuses (503) what must come again.

    `gate` builds what it gives, which may fail too; `run` gives what is to be logged of its outcome.
    """
    correlation_id = secrets.token_hex(8)
    try:
        gate().verify(request.headers.get("Authorization", ""))
        pushed = _opened(request)
        if pushed is None:
            log.record("WARNING", "useless push acknowledged", correlation_id=correlation_id)
            return finished(response(Answer(204)), request)
        log.record("INFO", "push", push=pushed.id, **_ran(run, pushed))
        return finished(response(Answer(204)), request)
    except Exception as error:  # noqa: BLE001 - one shape for every failure
        if isinstance(error, Rejected | Transient):
            log.record("WARNING", "push refused", correlation_id=correlation_id, reason=str(error))
        else:
            log.failure("push failed", error, correlation_id=correlation_id)
            error = Transient("failed")
        answer = failed(error, correlation_id=correlation_id, now=lambda: gate().now())
        return finished(response(answer), request)


def _ran(run: Callable[[Pushed], Mapping[str, object]], pushed: Pushed) -> Mapping[str, object]:
    """What will never work is settled as much as what did: it must not come again."""
    try:
        return run(pushed)
    except Rejected as error:
        return {"rejected": error.code}


def _opened(request: flask.Request) -> Pushed | None:
    if request.method != "POST" or (request.content_length or 0) > MOST_BYTES:
        return None
    request.max_content_length = MOST_BYTES
    try:
        envelope = msgspec.json.decode(request.get_data(cache=False), type=dict[str, Any])
        message = envelope["message"]
        content = msgspec.json.decode(_unpacked(message["data"]), type=dict[str, Any])
        return Pushed(str(message.get("messageId") or message["message_id"]), content)
    except (*UNREADABLE, RequestEntityTooLarge):
        return None


def _unpacked(text: str) -> bytes:
    return base64.b64decode(
        text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_" if "-" in text or "_" in text else None
    )
