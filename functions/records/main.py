"""HTTP, from the CRM's backend: locations with their policy, users and contacts."""

from collections.abc import Sequence

import flask
import functions_framework

from shared.entrypoint.http import Route, serve
from shared.entrypoint.records import Records
from shared.usecases.contended import Patience
from shared.usecases.grants import Google
from shared.wiring import google, state
from shared.wiring.http import gate
from shared.wiring.topics import topics


def _routes() -> Sequence[Route]:
    given = Records(
        store=state.store(),
        google=Google(google.gmail_access(), google.grants(), google.sealer()),
        topics=topics(),
        patience=Patience(state.clock(), state.Random()),
    )
    return given.routes()


@functions_framework.http
def records(request: flask.Request) -> flask.Response:
    """Answers one request."""
    return serve(request, _routes, gate)
