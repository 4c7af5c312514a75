"""The first reply from the CRM claims a Gmail thread for its location (R42)."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.identifiers import LocationId, ThreadId
from shared.domain.mailbox import Mailbox
from shared.domain.message import Thread
from shared.domain.outbox import OutboxEntry
from shared.errors import Rejected
from shared.usecases.batch import Batch


def claim(batch: Batch, mailbox: Mailbox, thread_id: ThreadId | None, location: LocationId) -> ThreadId | None:
    """Stages the claim with the acceptance; the thread if it was not the location's before.

    A claim of a location that no longer has the mailbox is void. Raises `Rejected` (`thread_claimed`).
    """
    if thread_id is None:
        return None
    key = keys.thread(mailbox.id, thread_id)
    thread = batch.value(key) or Thread(thread_id)
    if thread.claimed_by == location:
        return None
    if thread.claimed_by in mailbox.links:
        raise Rejected("thread_claimed", "Another location has this thread.")
    batch.put(key, replace(thread, claimed_by=location))
    return thread_id


def release(batch: Batch, entry: OutboxEntry) -> None:
    """Stages the end of the claim that the entry made, because it ends `failed`."""
    if entry.claims is None:
        return
    key = keys.thread(entry.mailbox, entry.claims)
    thread = batch.value(key)
    if thread and thread.claimed_by == entry.location:
        batch.put(key, replace(thread, claimed_by=None))
