"""Pub/Sub push, from `events` and `events-again`: hands one event to the CRM's receiver, or keeps it for later."""

from collections.abc import Mapping

import flask
import functions_framework

from shared.entrypoint import push
from shared.entrypoint.announced import announced, waiting_event
from shared.usecases.deliver_event import deliver_again, deliver_event
from shared.wiring.events import delivering
from shared.wiring.pushes import push_gate


@functions_framework.http
def deliver_events(request: flask.Request) -> flask.Response:
    """Answers one push."""
    return push.receive(request, push_gate, _act)


def _act(pushed: push.Pushed) -> Mapping[str, object]:
    ports = delivering()
    if event := announced(pushed):
        done = deliver_event(ports, event)
    elif name := waiting_event(pushed):
        done = deliver_again(ports, name)
    else:
        return {"outcome": "useless"}
    return {"outcome": str(done.outcome), "reason": done.reason or None}
