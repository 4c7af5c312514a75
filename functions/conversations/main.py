"""HTTP, for the CRM: a location's conversations, their messages and files, and why a mail is not among them."""

from functools import cache

import flask
import functions_framework

from shared.entrypoint import http
from shared.entrypoint.conversations import Calls
from shared.wiring.blobs import blobs
from shared.wiring.google import gmail_access
from shared.wiring.http import gate
from shared.wiring.state import store


@cache
def routes() -> tuple[http.Route, ...]:
    """The function's routes."""
    return Calls(store(), blobs(), gmail_access).routes()


@functions_framework.http
def conversations(request: flask.Request) -> flask.Response:
    """Answers one call."""
    return http.serve(request, routes, gate)
