"""Publishes whatever is due: the one timer behind pauses, lost pushes, dead workers, parked mail and sends in doubt."""

from collections.abc import Mapping
from datetime import timedelta

from shared.domain import keys
from shared.domain.identifiers import MailboxId
from shared.ports.store import Query, Store, Where
from shared.ports.world import Clock, Topics
from shared.usecases.due_sends import due_sends
from shared.usecases.retry_events import retry_events

PAGE = 500
FOR = timedelta(seconds=45)
"""A run ends before the next one begins; what is left is the longest waiting then."""


def reconcile(store: Store, topics: Topics, clock: Clock) -> Mapping[str, int]:
    """Has due sends looked at, wakes the mailboxes whose time has come, and has waiting events delivered; counts.

    The longest waiting go first. What is published twice is done once: each mailbox has one worker, each send one
    attempt. What is due is so by the store's time, by which the mailboxes' own times were written (F31).
    """
    began, now = clock.elapsed(), store.read(keys.RECEIVER).at
    sends = due_sends(store, now)
    if sends:
        topics.deliver(sends)
    mailboxes, more = 0, True
    after: tuple[object, str] | None = None
    while more and clock.elapsed() - began < FOR:
        due = Query(keys.MAILBOXES, (Where("wake_at", "<=", now),), "wake_at", limit=PAGE, after=after)
        found = store.find(due)
        if found:
            topics.wake([MailboxId(stored.value.id) for stored in found])
            after = found[-1].value.wake_at, str(found[-1].value.id)
        mailboxes += len(found)
        more = len(found) == PAGE
    return {"mailboxes": mailboxes, "sends": len(sends), "events": retry_events(store, topics, now)}
