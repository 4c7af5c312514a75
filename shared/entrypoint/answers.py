"""What a function answers, and how every failure looks from outside."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import flask
import msgspec

from shared.domain.failures import grant_lost
from shared.errors import CODES, GrantLost, Rejected, Transient

RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with a JSON body, or with `blocks` of bytes and their headers, or with nothing.

    `told` is what the log is to say of it besides: ids and counts.
    """

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    blocks: Iterable[bytes] | None = None
    told: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `next_cursor` leads to the next one."""

    items: Sequence[object]
    next_cursor: str | None = None


def response(answer: Answer) -> flask.Response:
    """The answer on the wire."""
    if answer.blocks is not None:
        made = flask.Response(answer.blocks, status=answer.status)
    elif answer.body is None:
        made = flask.Response(status=answer.status)
    else:
        made = flask.Response(msgspec.json.encode(answer.body), status=answer.status, mimetype="application/json")
    made.headers.update(answer.headers)
    made.headers.setdefault("Cache-Control", "no-store")
    made.headers["X-Content-Type-Options"] = "nosniff"
    return made


def failed(error: Exception, *, correlation_id: str, now: Callable[[], datetime]) -> Answer:
    """`refusal`, also where what failed is what would tell the time."""
    try:
        at = now()
    except Exception:  # noqa: BLE001 - `error` is what is answered
        at = datetime.now(UTC)  # noqa: TID251 - only the distance to a time that is not known here
    return refusal(error, correlation_id=correlation_id, now=at)


def refusal(error: Exception, *, correlation_id: str, now: datetime) -> Answer:
    """A failure in the shape that all functions share; what is not ours to explain is `internal` and says nothing."""
    headers: dict[str, str] = {}
    match error:
        case Rejected():
            rejected = error
        case GrantLost():
            told = grant_lost(error)
            details = {"problem": told.code}
            rejected = Rejected("reauth_required", told.message, action=told.action, details=details)
        case Transient():
            rejected = Rejected("unavailable", "This cannot be done right now.")
            wait = RETRY_SECONDS
            if error.retry_at:
                wait = max(1, math.ceil((error.retry_at - now).total_seconds()))
            headers["Retry-After"] = str(wait)
        case _:
            rejected = Rejected("internal", "Something went wrong on our side.")
    status, action = CODES[rejected.code]
    retry_at = rejected.details.get("retry_at")
    if isinstance(retry_at, datetime):
        headers["Retry-After"] = str(max(1, math.ceil((retry_at - now).total_seconds())))
    body = {
        "code": rejected.code,
        "message": rejected.message,
        "action": rejected.action or action,
        "correlation_id": correlation_id,
        "details": rejected.details,
    }
    return Answer(status, {"error": body}, headers)
