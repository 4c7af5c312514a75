"""Marks a mailbox whose grant Google refuses, and says so in every location that uses it (R06)."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import LocationId, MailboxId
from shared.domain.mailbox import Link, Mailbox, Trouble, condemned
from shared.errors import Conflict, Remedy, Transient
from shared.ports.store import Replace, Store
from shared.ports.world import Event, Topics
from shared.usecases.untold import events_of

TRIES = 20


def condemn(
    store: Store,
    topics: Topics,
    mailbox_id: MailboxId,
    grant_version: int,
    *,
    remedy: Remedy,
    reason: str,
    now: datetime,
) -> bool:
    """Whether the mailbox is now marked by this call: not if it has another grant by now, or is marked already (F21).

    The events go out before the mark is written, with those that a worker which died had not told yet: a crash between
    the two repeats them under the same ids, while the other order could lose them. Raises `Transient`.
    """
    key = keys.mailbox(mailbox_id)
    trouble = Trouble(remedy, reason, now)
    told: list[Event] = []
    for _ in range(TRIES):
        stored = store.read(key).stored(key)
        if not stored or stored.value.trouble or not stored.value.links:
            return False
        marked = condemned(stored.value, grant_version=grant_version, trouble=trouble)
        if marked == stored.value:
            return False
        events = [*events_of(stored.value.untold), *_notices(stored.value, grant_version, remedy, now)]
        if events != told:
            topics.announce(events)
            told = events
        try:
            store.commit([Replace(stored, replace(marked, untold="", watch_expires_at=None))])
        except Conflict:
            continue
        return True
    raise Transient("contended")


def _notices(mailbox: Mailbox, grant_version: int, remedy: Remedy, now: datetime) -> list[Event]:
    return [_notice(mailbox.id, grant_version, remedy, now, *link) for link in mailbox.links.items()]


def _notice(
    mailbox: MailboxId, grant_version: int, remedy: Remedy, now: datetime, location: LocationId, link: Link
) -> Event:
    return Event(
        id=f"connection.{remedy}:{location}:{mailbox}:{grant_version}",
        type=f"connection.{remedy}",
        location=location,
        occurred_at=now,
        details={"user": link.user},
    )
