"""Cloud Scheduler, hourly: renews watches, ends abandoned consents, clears away blobs that no document names."""

from collections.abc import Mapping

import flask
import functions_framework

from shared.entrypoint import log, schedule
from shared.usecases.contended import Patience
from shared.usecases.drop_grants import drop_grants
from shared.usecases.grants import Google
from shared.usecases.renew_watches import renew_watches as renew
from shared.usecases.sweep_blobs import swept
from shared.wiring import google, state
from shared.wiring.blobs import blobs
from shared.wiring.topics import topics


@functions_framework.http
def renew_watches(request: flask.Request) -> flask.Response:
    """Runs once."""
    return schedule.run(request, lambda: state.clock().now(), _work)


def _work() -> Mapping[str, int]:
    store, patience = state.store(), Patience(state.clock(), state.Random())
    access, topic = google.gmail_access(), google.gmail_topic()
    done = renew(store=store, mailboxes=access, topics=topics(), gmail_topic=topic, patience=patience)
    for mailbox, reason in done.failed.items():
        log.record("WARNING", "watch not renewed", mailbox=mailbox, reason=reason)
    for mailbox in done.overdue:
        log.record("ERROR", "watch lapsed for more than a day", mailbox=mailbox)
    counts = {"renewed": done.renewed, "failed": len(done.failed), "skipped": done.skipped}
    if done.unfinished:
        return counts
    given = Google(access, google.grants(), google.sealer())
    ended = drop_grants(store=store, google=given, topics=topics(), patience=patience)
    return {**counts, **ended, "blobs": swept(store=store, shelf=blobs(), clock=state.clock())}
