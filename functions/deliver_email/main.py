"""Pub/Sub push, from `outbox`: takes one accepted mail a step further."""

from collections.abc import Mapping

import flask
import functions_framework

from shared.domain.identifiers import ID, MessageId
from shared.entrypoint import push
from shared.usecases.deliver_entry import deliver_entry
from shared.wiring.delivery import delivery
from shared.wiring.pushes import push_gate


@functions_framework.http
def deliver_email(request: flask.Request) -> flask.Response:
    """Answers one push."""
    return push.receive(request, push_gate, _act)


def _act(pushed: push.Pushed) -> Mapping[str, object]:
    name = pushed.content.get("entry")
    if not isinstance(name, str) or not ID.match(name):
        return {"outcome": "useless"}
    outcome = deliver_entry(MessageId(name), delivery())
    return {"outcome": str(outcome.state or "none"), "attempt": outcome.attempt, "reason": outcome.reason or None}
