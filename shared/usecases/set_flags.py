"""Marks one mail as read or unread, starred or not, as the CRM wants it (R17); Gmail is not told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.domain import keys
from shared.domain.flags import Flags, chosen, heard_of, unread_by
from shared.domain.identifiers import LocationId, MailboxId, MessageId
from shared.domain.message import Message, milliseconds
from shared.ports.store import Store
from shared.ports.world import Event, Topics
from shared.usecases.absence import found
from shared.usecases.batch import Batch
from shared.usecases.contended import Patience
from shared.usecases.conversation_home import home
from shared.usecases.find_message import find_message
from shared.usecases.mirror_flags import state_event


@dataclass(frozen=True, slots=True)
class Flagging:
    """Which mail, and what becomes of it."""

    location: LocationId
    message: MessageId
    flags: Flags


def set_flags(asked: Flagging, *, store: Store, topics: Topics, patience: Patience) -> None:
    """What Gmail's history says until then is older, whenever it is read. Raises `Rejected` (`not_found`).

    Asked again, it is told again: an event that could not be published (`Transient`) is not lost.
    """
    event = patience.until_committed(lambda: _attempt(asked, store, patience))
    topics.announce([event])


def heard_of_all(store: Store, messages: Iterable[Message]) -> Mapping[MailboxId, int]:
    """How far the history of every mailbox that has one of the mails is known to go."""
    names = {name for message in messages for name in message.sources}
    if not names:
        return {}
    reading = store.read(*(keys.mailbox(name) for name in names))
    known = [reading.value(keys.mailbox(name)) for name in names]
    return {mailbox.id: heard_of(mailbox) for mailbox in known if mailbox}


def _attempt(asked: Flagging, store: Store, patience: Patience) -> Event:
    batch = Batch(store)
    batch.load([keys.location(asked.location), keys.message(asked.location, asked.message)])
    found(batch.value(keys.location(asked.location)))
    message = find_message(batch, asked.location, asked.message)
    made = chosen(message, asked.flags, heard_of_all(store, [message]))
    now = patience.now()
    if made != message:
        batch.put(keys.message(asked.location, made.id), made)
        conversation = keys.conversation(asked.location, home(batch, asked.location, message.conversation))
        batch.count(conversation, latest={"changed_ms": milliseconds(now)}, unread=unread_by(message, made))
        store.commit(batch.writes())
    return state_event(asked.location, made, f"crm:{milliseconds(now)}", now)
