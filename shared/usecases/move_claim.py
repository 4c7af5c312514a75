"""Moves a Gmail thread to another location, or releases it, for the user whose mailbox it is in (R42)."""

from dataclasses import dataclass

from shared.domain import keys
from shared.domain.claims import claimed, freed, standing
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.mailbox import Mailbox
from shared.domain.message import Message, Thread
from shared.errors import Rejected
from shared.ports.store import Store
from shared.ports.world import Event, Topics
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch
from shared.usecases.claim_thread import claim_events
from shared.usecases.contended import Patience
from shared.usecases.find_message import find_message


@dataclass(frozen=True, slots=True)
class Moving:
    """The thread of which mail, seen from where and by whom; `to` nobody where it is `None`.

    `locations` are those that the caller may see.
    """

    location: LocationId
    user: UserId
    message: MessageId
    to: LocationId | None
    locations: frozenset[LocationId]


def move_claim(asked: Moving, *, store: Store, topics: Topics, patience: Patience) -> None:
    """What comes next in the thread syncs in `to` alone, or everywhere.

    Raises `Rejected`: `not_found` where a location of the three is none of the caller's, `forbidden` for a mail that is
    not in their mailbox or that another user's connection claims, `not_connected` where `to` does not use the mailbox,
    `thread_claimed` for what began in a location's CRM (R40).
    Asked again, it is told again: an event that could not be published (`Transient`) is not lost.
    """
    if events := patience.until_committed(lambda: _attempt(asked, store, patience)):
        topics.announce(events)


def _attempt(asked: Moving, store: Store, patience: Patience) -> list[Event]:
    if asked.to is not None and asked.to not in asked.locations:
        raise nothing_here()
    batch = Batch(store)
    place, connection = keys.location(asked.location), keys.connection(asked.location, asked.user)
    batch.load([place, connection, keys.message(asked.location, asked.message)])
    found(batch.value(place))
    message = find_message(batch, asked.location, asked.message)
    mailbox = _own(batch, asked, message)
    key = keys.thread(mailbox.id, message.sources[mailbox.id].thread_id)
    thread = standing(batch.value(key), mailbox.links) or Thread(message.sources[mailbox.id].thread_id)
    _check_holder(asked, thread, mailbox)
    made = _moved(asked, thread, mailbox)
    if made != thread:
        batch.put(key, made)
        store.commit(batch.writes())
    return claim_events(made, mailbox, now=patience.now()) if made.claims else []


def _own(batch: Batch, asked: Moving, message: Message) -> Mailbox:
    connection = batch.value(keys.connection(asked.location, asked.user))
    if connection and connection.state is ConnectionState.CONNECTED and connection.mailbox in message.sources:
        mailbox = batch.value(keys.mailbox(connection.mailbox))
        if mailbox and _uses(mailbox, asked.location, asked.user):
            return mailbox
    raise Rejected("forbidden", "Only the user whose connected Gmail account has the mail may move its thread.")


def _uses(mailbox: Mailbox, location: LocationId, user: UserId) -> bool:
    link = mailbox.links.get(location)
    return link is not None and link.user == user


def _check_holder(asked: Moving, thread: Thread, mailbox: Mailbox) -> None:
    holder = thread.claimed_by
    if holder is None:
        return
    if holder not in asked.locations:
        raise nothing_here()
    if not _uses(mailbox, holder, asked.user):
        raise Rejected("forbidden", "Another user's connection has this thread.")


def _moved(asked: Moving, thread: Thread, mailbox: Mailbox) -> Thread:
    if asked.to == thread.claimed_by:
        return thread
    if thread.begun_in is not None:
        raise Rejected(
            "thread_claimed",
            "This thread began in the CRM of the location that has it, and stays there.",
            action="Write a mail of its own from the other location.",
        )
    if asked.to is None:
        return freed(thread)
    if not _uses(mailbox, asked.to, asked.user):
        raise Rejected("not_connected", "You have not connected the mail's Gmail account in that location.")
    return claimed(thread, asked.to, mailbox.links[asked.to], firm=True)
