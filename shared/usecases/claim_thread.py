"""The first reply from the CRM claims a Gmail thread for its location (R42)."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.claims import claimed, freed, standing
from shared.domain.identifiers import LocationId, ThreadId, digest
from shared.domain.mailbox import Link, Mailbox
from shared.domain.message import Thread
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import Rejected
from shared.ports.world import Event
from shared.usecases.batch import Batch


def claim(batch: Batch, mailbox: Mailbox, thread_id: ThreadId | None, location: LocationId) -> ThreadId | None:
    """Stages the claim with the acceptance; the thread if it was not the location's before.

    A claim whose connection has ended is void (R39). Raises `Rejected` (`thread_claimed`).
    """
    if thread_id is None:
        return None
    key = keys.thread(mailbox.id, thread_id)
    thread = standing(batch.value(key), mailbox.links) or Thread(thread_id)
    if thread.claimed_by == location:
        return None
    if thread.claimed_by is not None:
        raise Rejected("thread_claimed", "Another location has this thread, and only that one may answer in it.")
    batch.put(key, claimed(thread, location, mailbox.links[location]))
    return thread_id


def claim_by_send(
    batch: Batch, entry: OutboxEntry, thread_id: ThreadId, mailbox: Mailbox, *, now: datetime
) -> list[Event]:
    """Stages what a mail that went out means for the thread that it is in, the first time that this is known.

    A thread that the mail began is its location's alone (R40). A claim is firm from now on; where there is none any
    more, because the reply was taken for failed, it is made again, but not if its user has released it (R42).
    """
    key, link = keys.thread(mailbox.id, thread_id), mailbox.links.get(entry.location)
    thread = standing(batch.value(key), mailbox.links) or Thread(thread_id)
    if thread.claimed_by == entry.location:
        batch.put(key, replace(thread, firm=True))
    elif thread.claimed_by is None and link and _lives(link, entry) and not _let_go(entry, thread_id):
        begun = entry.thread_id is None and thread.pins.keys() <= {entry.location}
        made = claimed(thread, entry.location, link, firm=True, begun=begun)
        batch.put(key, made)
        return [] if begun else claim_events(made, mailbox, now=now)
    return []


def _lives(link: Link, entry: OutboxEntry) -> bool:
    """Whether the mail was accepted in this life of the connection."""
    return link.user == entry.user and link.connected_at <= (entry.queued_at or entry.accepted_at)


def _let_go(entry: OutboxEntry, thread_id: ThreadId) -> bool:
    """Whether the send had claimed the thread, did not fail, and yet the claim is gone."""
    return entry.claims == thread_id and entry.state is not EntryState.FAILED


def release(batch: Batch, entry: OutboxEntry) -> None:
    """Stages the end of the claim that the entry made, because it ends `failed`; one that is firm by now stays."""
    if entry.claims is None:
        return
    key = keys.thread(entry.mailbox, entry.claims)
    thread = batch.value(key)
    if thread and thread.claimed_by == entry.location and not thread.firm:
        batch.put(key, freed(thread))


def claim_told(batch: Batch, entry: OutboxEntry, *, now: datetime) -> list[Event]:
    """The events about the claim that the entry made or lost, as it stands; none for an entry that made none."""
    if entry.claims is None:
        return []
    mailbox = batch.value(keys.mailbox(entry.mailbox))
    thread = batch.value(keys.thread(entry.mailbox, entry.claims))
    told = claim_events(thread, mailbox, now=now) if thread and mailbox else []
    return [replace(event, trace=entry.trace) for event in told]


def claim_events(thread: Thread, mailbox: Mailbox, *, now: datetime) -> list[Event]:
    """Who has the thread, told to every location that uses the mailbox and has a conversation pinned to it.

    The same events however often they are told, until the claim changes; no location is told which other one it is.
    """
    holder = (standing(thread, mailbox.links) or thread).claimed_by
    name = "thread.claimed" if holder else "thread.released"
    change = digest("claim", mailbox.id, thread.id, str(thread.claims))
    return [
        Event(
            id=f"{name}:{location}:{change}",
            type=name,
            location=location,
            occurred_at=now,
            details={
                "conversation": conversation,
                "claimed": ("here" if holder == location else "elsewhere") if holder else None,
            },
        )
        for location, conversation in thread.pins.items()
        if location in mailbox.links
    ]
