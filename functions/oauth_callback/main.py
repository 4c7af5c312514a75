"""HTTP, public: where Google sends a browser after a consent."""

from functools import partial

import flask
import functions_framework

from shared.entrypoint.redirect import receive
from shared.usecases.receive_consent import receive_consent
from shared.wiring import google, state


@functions_framework.http
def oauth_callback(request: flask.Request) -> flask.Response:
    """Answers one redirect."""
    run = partial(
        receive_consent,
        store=state.store(),
        grants=google.grants(),
        sealer=google.sealer(),
        chance=state.Random(),
        return_urls=google.return_urls(),
        now=state.clock().now(),
    )
    return receive(request, state.clock().now, run)
