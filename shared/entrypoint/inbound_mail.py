"""Mail as its receivers bring it: proved to be theirs before anything of it is read, then taken or left with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from shared.entrypoint import log, tracing
from shared.entrypoint.answers import Answer, failed, response
from shared.entrypoint.http import missing, too_large
from shared.entrypoint.leftover import finished
from shared.errors import Rejected, Transient
from shared.ports.inbound_mail import LARGEST_REQUEST, Arrival, InboundFormat

ACCEPTED = {"status": "accepted"}


@dataclass(frozen=True, slots=True)
class Door:
    """The formats by their paths, and the clock."""

    formats: Mapping[str, InboundFormat]
    now: Callable[[], datetime]


def receive(
    request: flask.Request, door: Callable[[], Door], run: Callable[[Arrival], Mapping[str, object]]
) -> flask.Response:
    """Answers 200 once the mail is dealt with, the same whatever became of it: nothing is told to who sent it (T22).

    5xx: the receiver is to bring it again. 4xx: bringing it again is of no use. `door` builds what it gives, which may
    fail too; `run` gives what is to be logged.
    """
    correlation_id = tracing.begin(request.headers)
    try:
        log.record("INFO", "mail captured", correlation_id=correlation_id, counts=run(_opened(request, door())))
        return finished(response(Answer(body=ACCEPTED)), request)
    except Exception as error:  # noqa: BLE001 - the framework's own 500 would show the exception's text
        if isinstance(error, Rejected | Transient):
            reason = error.code if isinstance(error, Rejected) else error.reason
            log.record("WARNING", "mail refused", correlation_id=correlation_id, reason=reason)
        else:
            log.failure("capture failed", error, correlation_id=correlation_id)
        answer = failed(error, correlation_id=correlation_id, now=lambda: door().now())
        return finished(response(answer), request)


def _opened(request: flask.Request, door: Door) -> Arrival:
    way = door.formats.get(request.path.rstrip("/"))
    if request.method != "POST" or way is None:
        raise missing()
    size = request.content_length
    if size is None:
        raise Rejected("invalid_request", "The request needs a Content-Length.")
    if size > LARGEST_REQUEST:
        raise too_large(size, LARGEST_REQUEST)
    request.max_content_length = LARGEST_REQUEST
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large(LARGEST_REQUEST + 1, LARGEST_REQUEST) from None
    return way.open({name.lower(): value for name, value in request.headers.items()}, body, now=door.now())
