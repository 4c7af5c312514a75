"""HTTP, for operators: how the deployment stands, what waits for somebody, and what to do about it."""

from collections.abc import Sequence

import flask
import functions_framework

from shared.entrypoint.http import Route, serve
from shared.entrypoint.operations import Operations
from shared.entrypoint.operations_events import EventOperations
from shared.usecases.contended import Patience
from shared.usecases.operating import Operating
from shared.wiring import state
from shared.wiring.http import gate
from shared.wiring.topics import topics


def _routes() -> Sequence[Route]:
    ports = Operating(state.store(), topics(), Patience(state.clock(), state.Random()))
    return (*Operations(ports).routes(), *EventOperations(ports).routes())


@functions_framework.http
def operations(request: flask.Request) -> flask.Response:
    """Answers one call."""
    return serve(request, _routes, gate)
