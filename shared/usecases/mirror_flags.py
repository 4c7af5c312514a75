"""Read and star state that changed in Gmail, shown on the message (R17)."""

from collections.abc import Container, Iterable
from datetime import datetime

from shared.domain import keys
from shared.domain.flags import mirrored, unread_by
from shared.domain.history import FlagChange
from shared.domain.identifiers import LocationId
from shared.domain.message import KnownMail, Message, milliseconds
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home


def mirror(
    batch: Batch, known: KnownMail, flags: Iterable[FlagChange], links: Container[LocationId], at: datetime
) -> list[Event]:
    """Stages the flags on every message that the mail became in a location that still has the mailbox (R36).

    A record older than the last one changes nothing; the last one, met again, is told again.
    """
    changed = sorted(flags, key=lambda one: one.history_id)
    if not changed:
        return []
    events = []
    for location, name in known.messages.items():
        key = keys.message(location, name)
        message = batch.value(key)
        if location not in links or not message or message.purged or known.mailbox not in message.sources:
            continue
        after = mirrored(message, known.mailbox, changed)
        last = changed[-1].history_id
        if after != message:
            batch.put(key, after)
            conversation = keys.conversation(location, home(batch, location, message.conversation))
            batch.count(conversation, latest={"changed_ms": milliseconds(at)}, unread=unread_by(message, after))
        if last == after.sources[known.mailbox].as_of:
            events.append(state_event(location, after, str(last), at))
    return events


def state_event(location: LocationId, message: Message, change: str, at: datetime) -> Event:
    """The flags of a mail since a change that `change` names (R17, R75)."""
    state: dict[str, object] = {"message": message.id, "read": message.read, "starred": message.starred}
    return Event(f"message.state:{location}:{message.id}:{change}", "message.state", location, at, state)
