"""Pushes from Pub/Sub: proven to be Google's before anything of them is read; then acknowledged or refused."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import flask
import msgspec
from werkzeug.exceptions import RequestEntityTooLarge

from shared.domain.trace import TRACEPARENT
from shared.entrypoint import log, tracing
from shared.entrypoint.answers import Answer, failed, response
from shared.entrypoint.leftover import finished
from shared.errors import Rejected, Transient

MOST_BYTES = 1_048_576
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading an envelope raises that is none, or whose data is no JSON object."""
NAMED = {"entry": "entry", "mailbox": "mailbox", "event": "id"}
"""What the messages of the project's own topics name, as the log calls it and as they do."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One delivery of a message; `id` is the same each time that it comes, `traceparent` whatever it has as one."""

    id: str
    content: Mapping[str, Any]
    traceparent: object = None


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
    correlation_id = tracing.begin(request.headers)
    told: dict[str, object] = {"correlation_id": correlation_id}
    try:
        gate().verify(request.headers.get("Authorization", ""))
        pushed = _opened(request)
        if pushed is None:
            log.record("WARNING", "useless push acknowledged", **told)
            return finished(response(Answer(204)), request)
        tracing.join(pushed.traceparent)
        told |= _about(pushed)
        log.record("INFO", "push", **{**told, **_ran(run, pushed)})
        return finished(response(Answer(204)), request)
    except Exception as error:  # noqa: BLE001 - one shape for every failure
        if isinstance(error, Rejected | Transient):
            reason = error.code if isinstance(error, Rejected) else error.reason
            log.record("WARNING", "push refused", **told, reason=reason)
        else:
            log.failure("push failed", error, **told)
            error = Transient("failed")
        answer = failed(error, correlation_id=correlation_id, now=lambda: gate().now())
        return finished(response(answer), request)


def _about(pushed: Pushed) -> dict[str, object]:
    """The message and what it names; a mailbox that Gmail names by its address is not among it."""
    named = {name: pushed.content.get(theirs) for name, theirs in NAMED.items()}
    return {"push": pushed.id, **{name: one for name, one in named.items() if isinstance(one, str)}}


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
        name = str(message.get("messageId") or message["message_id"])
        attributes = message.get("attributes")
        return Pushed(name, content, attributes.get(TRACEPARENT) if isinstance(attributes, dict) else None)
    except (*UNREADABLE, RequestEntityTooLarge):
        return None


def _unpacked(text: str) -> bytes:
    return base64.b64decode(
        text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_" if "-" in text or "_" in text else None
    )
