"""Scheduled runs: the platform decides who may call; the answer counts what was done."""

from collections.abc import Callable, Mapping
from datetime import datetime

import flask

from shared.entrypoint import log, tracing
from shared.entrypoint.answers import Answer, failed, response
from shared.entrypoint.leftover import finished


def run(request: flask.Request, now: Callable[[], datetime], work: Callable[[], Mapping[str, int]]) -> flask.Response:
    """Runs once; 200 with counts, or a failure that the schedule's own retry answers. Only POST runs anything."""
    if request.method != "POST":
        return finished(response(Answer(405, headers={"Allow": "POST"})), request)
    correlation_id = tracing.begin(request.headers)
    try:
        counts = work()
    except Exception as error:  # noqa: BLE001 - one shape for every failure
        log.failure("scheduled run failed", error, correlation_id=correlation_id)
        return finished(response(failed(error, correlation_id=correlation_id, now=now)), request)
    log.record("INFO", "scheduled run", correlation_id=correlation_id, counts=counts)
    return finished(response(Answer(200, dict(counts))), request)
