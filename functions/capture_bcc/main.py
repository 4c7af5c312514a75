"""HTTP, public: mail for the auto-BCC addresses, from the receivers that may bring it."""

import flask
import functions_framework

from shared.entrypoint.inbound_mail import receive
from shared.usecases.capture_mail import capture_mail
from shared.wiring.capturing import capturing
from shared.wiring.inbound_mail import door


@functions_framework.http
def capture_bcc(request: flask.Request) -> flask.Response:
    """Answers one mail."""
    return receive(request, door, lambda arrival: capture_mail(capturing(), arrival))
