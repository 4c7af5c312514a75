"""Cloud Scheduler, hourly: renews the watches that lapse within 36 hours."""

from collections.abc import Mapping

import flask
import functions_framework

from shared.entrypoint import log, schedule
from shared.usecases.contended import Patience
from shared.usecases.renew_watches import renew_watches as renew
from shared.wiring import google, state
from shared.wiring.topics import topics


@functions_framework.http
def renew_watches(request: flask.Request) -> flask.Response:
    """Runs once."""

    def work() -> Mapping[str, int]:
        done = renew(
            store=state.store(),
            mailboxes=google.gmail_access(),
            topics=topics(),
            gmail_topic=google.gmail_topic(),
            patience=Patience(state.clock(), state.Random()),
        )
        for mailbox, reason in done.failed.items():
            log.record("WARNING", "watch not renewed", mailbox=mailbox, reason=reason)
        return {"renewed": done.renewed, "failed": len(done.failed), "skipped": done.skipped}

    return schedule.run(request, state.clock().now, work)
