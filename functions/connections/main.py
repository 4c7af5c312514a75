"""HTTP, from the CRM's frontend: a user's own connection."""

from collections.abc import Sequence

import flask
import functions_framework

from shared.entrypoint.connections import Connections
from shared.entrypoint.http import Route, serve
from shared.usecases.contended import Patience
from shared.usecases.grants import Google
from shared.wiring import google, state
from shared.wiring.auto_bcc import capture_domain
from shared.wiring.http import gate
from shared.wiring.topics import topics


def _routes() -> Sequence[Route]:
    given = Connections(
        store=state.store(),
        google=Google(google.gmail_access(), google.grants(), google.sealer()),
        topics=topics(),
        gmail_topic=google.gmail_topic(),
        return_urls=google.return_urls(),
        patience=Patience(state.clock(), state.Random()),
        capture_domain=capture_domain(),
    )
    return given.routes()


@functions_framework.http
def connections(request: flask.Request) -> flask.Response:
    """Answers one request."""
    return serve(request, _routes, gate)
