"""Cloud Scheduler, hourly: renews the watches that lapse within 36 hours, and ends consents that were abandoned."""

from collections.abc import Mapping

import flask
import functions_framework

from shared.entrypoint import log, schedule
from shared.usecases.contended import Patience
from shared.usecases.drop_grants import drop_grants
from shared.usecases.grants import Google
from shared.usecases.renew_watches import renew_watches as renew
from shared.wiring import google, state
from shared.wiring.topics import topics


@functions_framework.http
def renew_watches(request: flask.Request) -> flask.Response:
    """Runs once."""
    return schedule.run(request, lambda: state.clock().now(), _work)


def _work() -> Mapping[str, int]:
    store, patience = state.store(), Patience(state.clock(), state.Random())
    done = renew(
        store=store,
        mailboxes=google.gmail_access(),
        topics=topics(),
        gmail_topic=google.gmail_topic(),
        patience=patience,
    )
    for mailbox, reason in done.failed.items():
        log.record("WARNING", "watch not renewed", mailbox=mailbox, reason=reason)
    counts = {"renewed": done.renewed, "failed": len(done.failed), "skipped": done.skipped}
    if done.unfinished:
        return counts
    given = Google(google.gmail_access(), google.grants(), google.sealer())
    return {**counts, **drop_grants(store=store, google=given, topics=topics(), patience=patience)}
