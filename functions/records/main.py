"""HTTP, from the CRM's backend: locations with their policy, users and contacts."""

import flask
import functions_framework

from shared.entrypoint.http import serve
from shared.entrypoint.records import Records
from shared.usecases.contended import Patience
from shared.usecases.grants import Google
from shared.wiring import google, state
from shared.wiring.http import gate
from shared.wiring.topics import topics


@functions_framework.http
def records(request: flask.Request) -> flask.Response:
    """Answers one request."""
    given = Records(
        store=state.store(),
        google=Google(google.gmail_access(), google.grants(), google.sealer()),
        topics=topics(),
        patience=Patience(state.clock(), state.Random()),
    )
    return serve(request, given.routes(), gate())
