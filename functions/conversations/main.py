"""HTTP, for the CRM: a location's conversations, their messages and files, and why a mail is not among them."""

from functools import cache

import flask
import functions_framework

from shared.entrypoint import http
from shared.entrypoint.conversations import Calls
from shared.entrypoint.quarantine import Quarantine
from shared.usecases.contended import Patience
from shared.wiring import state
from shared.wiring.auto_bcc import capture_domain
from shared.wiring.blobs import blobs
from shared.wiring.capturing import capturing
from shared.wiring.google import gmail_access
from shared.wiring.http import gate
from shared.wiring.topics import topics


@cache
def routes() -> tuple[http.Route, ...]:
    """The function's routes."""
    patience = Patience(state.clock(), state.Random())
    calls = Calls(state.store(), blobs(), gmail_access, topics(), patience, capture_domain())
    return (*calls.routes(), *Quarantine(capturing()).routes())


@functions_framework.http
def conversations(request: flask.Request) -> flask.Response:
    """Answers one call."""
    return http.serve(request, routes, gate)
