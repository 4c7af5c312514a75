"""Pub/Sub push, from Gmail and from `mailbox-work`: brings the CRM up to date with one mailbox."""

from collections.abc import Mapping

import flask
import functions_framework

from shared.entrypoint import push
from shared.entrypoint.notices import notice
from shared.usecases.process_notification import process_notification
from shared.wiring.pushes import push_gate
from shared.wiring.sync import sync_ports


@functions_framework.http
def process_history(request: flask.Request) -> flask.Response:
    """Answers one push."""
    return push.receive(request, push_gate, _act)


def _act(pushed: push.Pushed) -> Mapping[str, object]:
    told = notice(pushed)
    if told is None:
        return {"outcome": "useless"}
    outcome = process_notification(sync_ports(), told)
    ended = {"outcome": str(outcome.ending), "mailbox": outcome.mailbox, "problem": outcome.problem or None}
    return {**ended, "counts": outcome.counts or {}}
