"""Google's redirect of a browser: the one call from outside that no session vouches for."""

from collections.abc import Callable
from datetime import datetime

import flask

from shared.entrypoint import log, tracing
from shared.entrypoint.answers import Answer, failed, response
from shared.entrypoint.leftover import finished
from shared.errors import Rejected, Transient
from shared.usecases.receive_consent import CameBack

SEE_OTHER = 303


def receive(request: flask.Request, now: Callable[[], datetime], run: Callable[[CameBack], str]) -> flask.Response:
    """Sends the browser on to where `run` says; what cannot be trusted is refused without a redirect."""
    correlation_id = tracing.begin(request.headers)
    try:
        if request.method != "GET":
            raise Rejected("not_found", "There is nothing here.")
        given = request.args
        target = run(CameBack(given.get("state", ""), given.get("code", ""), given.get("error", "")))
        answer = Answer(SEE_OTHER, headers={"Location": target})
    except Exception as error:  # noqa: BLE001 - the framework's own 500 would show the exception's text
        answer = failed(error, correlation_id=correlation_id, now=now)
        if isinstance(error, Transient):
            log.record("WARNING", "unavailable", correlation_id=correlation_id, reason=error.reason)
        elif not isinstance(error, Rejected):
            log.failure("consent failed", error, correlation_id=correlation_id)
    log.record("INFO", "consent came back", correlation_id=correlation_id, status=answer.status)
    made = finished(response(answer), request)
    made.headers["Referrer-Policy"] = "no-referrer"
    return made
