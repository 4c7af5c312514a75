"""HTTP, from the CRM's frontend: accepts mail for sending."""

from collections.abc import Sequence

import flask
import functions_framework

from shared.entrypoint.http import Route, serve
from shared.entrypoint.sends import Sends
from shared.usecases.contended import Patience
from shared.wiring import state
from shared.wiring.blobs import blobs
from shared.wiring.http import gate
from shared.wiring.provider import default_provider
from shared.wiring.topics import topics


def _routes() -> Sequence[Route]:
    chance = state.Random()
    given = Sends(
        store=state.store(),
        blobs=blobs(),
        topics=topics(),
        patience=Patience(state.clock(), chance),
        token=chance.token,
        default=default_provider(),
    )
    return given.routes()


@functions_framework.http
def send_email(request: flask.Request) -> flask.Response:
    """Answers one call."""
    return serve(request, _routes, gate)
