"""Publishes whatever is due: the one timer behind pauses, lost pushes, dead workers, parked mail and sends in doubt."""

from collections.abc import Mapping
from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import MailboxId
from shared.ports.store import Query, Store, Where
from shared.ports.world import Topics
from shared.usecases.due_sends import due_sends

MOST = 1_000


def reconcile(store: Store, topics: Topics, *, now: datetime) -> Mapping[str, int]:
    """Wakes the mailboxes whose time has come, the longest waiting first, and has due sends looked at; counts of both.

    What is published twice is done once: each mailbox has one worker, each send one attempt.
    """
    due = Query(keys.MAILBOXES, (Where("wake_at", "<=", now),), "wake_at", limit=MOST)
    mailboxes = [MailboxId(stored.value.id) for stored in store.find(due)]
    if mailboxes:
        topics.wake(mailboxes)
    sends = due_sends(store, now)
    if sends:
        topics.deliver(sends)
    return {"mailboxes": len(mailboxes), "sends": len(sends)}
