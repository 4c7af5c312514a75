"""Schedule, every minute: whatever is due, mailboxes and sends, is published to the function that does it."""

import flask
import functions_framework

from shared.entrypoint import schedule
from shared.usecases.reconcile import reconcile
from shared.wiring.state import clock, store
from shared.wiring.topics import topics


@functions_framework.http
def reconcile_mailboxes(request: flask.Request) -> flask.Response:
    """Answers one run with what it published."""
    return schedule.run(request, lambda: clock().now(), lambda: reconcile(store(), topics(), clock()))
