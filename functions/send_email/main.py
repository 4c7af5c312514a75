"""HTTP, from the CRM's frontend: accepts mail for sending."""

import flask
import functions_framework

from shared.entrypoint.http import serve
from shared.entrypoint.sends import Sends
from shared.usecases.contended import Patience
from shared.wiring import state
from shared.wiring.blobs import blobs
from shared.wiring.http import gate
from shared.wiring.topics import topics


@functions_framework.http
def send_email(request: flask.Request) -> flask.Response:
    """Answers one call."""
    chance = state.Random()
    given = Sends(
        store=state.store(),
        blobs=blobs(),
        topics=topics(),
        patience=Patience(state.clock(), chance),
        token=chance.token,
    )
    return serve(request, given.routes(), gate())
