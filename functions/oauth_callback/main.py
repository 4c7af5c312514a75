"""HTTP, public: where Google sends a browser after a consent."""

import flask
import functions_framework

from shared.entrypoint.redirect import receive
from shared.usecases.receive_consent import CameBack, receive_consent
from shared.wiring import google, state


@functions_framework.http
def oauth_callback(request: flask.Request) -> flask.Response:
    """Answers one redirect."""
    return receive(request, lambda: state.clock().now(), _run)


def _run(back: CameBack) -> str:
    return receive_consent(
        back,
        store=state.store(),
        grants=google.grants(),
        sealer=google.sealer(),
        chance=state.Random(),
        return_urls=google.return_urls(),
        now=state.clock().now(),
    )
