"""Finds the mail that kills the process: its id is written before it is touched, and parked if it did kill it (F29)."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.decisions import Parked, next_retry
from shared.domain.identifiers import GmailId
from shared.domain.mailbox import renewed
from shared.ports.store import Create, Replace
from shared.usecases.sync_work import Work

KILLED = "the worker did not survive it"


def write_suspect(work: Work, gmail_id: GmailId) -> None:
    """Says durably which mail comes next."""
    work.save(lambda mailbox, at: replace(renewed(mailbox, at=at), suspect=gmail_id))


def park_suspect(work: Work, *, reason: str = KILLED) -> None:
    """Parks the mail that was written down last."""
    gmail_id = GmailId(work.mailbox.suspect)
    at = work.at()
    key = keys.parked(work.mailbox.id, gmail_id)
    before = work.ports.store.read(key).stored(key)
    parked = Parked(work.mailbox.id, gmail_id, reason, 1, at, next_retry(1, at))
    work.save(
        lambda mailbox, now: replace(
            renewed(mailbox, at=now),
            suspect="",
            parked_due=min(time for time in (mailbox.parked_due, parked.retry_at) if time),
            tally=mailbox.tally.plus(parked=0 if before else 1),
        ),
        [Replace(before, parked) if before else Create(key, parked)],
    )
    work.skip.add(gmail_id)
    work.counts["parked"] += 1
