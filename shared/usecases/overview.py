"""How the deployment stands, for its operators: some forty small questions, however many mailboxes there are."""

from datetime import datetime

from shared.domain.overview import Overview
from shared.ports.store import Store
from shared.usecases.survey_mailboxes import survey_mailboxes, survey_watches
from shared.usecases.survey_work import survey_coverage, survey_endings, survey_parked, survey_sends


def overview(store: Store, *, now: datetime) -> Overview:
    """Everything at once; nothing in it is of any mail, or anybody's address. Raises `Transient`."""
    return Overview(
        at=now,
        mailboxes=survey_mailboxes(store, now),
        watches=survey_watches(store, now),
        parked=survey_parked(store),
        sends=survey_sends(store, now),
        endings=survey_endings(store, now),
        coverage=survey_coverage(store),
    )
