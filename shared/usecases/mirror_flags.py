"""Read and star state that changed in Gmail, shown on the message (R17)."""

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.history import FlagChange
from shared.domain.identifiers import LocationId, MailboxId
from shared.domain.mail import UNREAD
from shared.domain.message import Direction, KnownMail, Message, milliseconds
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home


def mirror(
    batch: Batch, known: KnownMail, flags: Iterable[FlagChange], links: Container[LocationId], at: datetime
) -> list[Event]:
    """Stages the flags on every message that the mail became in a location that still has the mailbox (R36).

    A record older than the last one changes nothing.
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
        mirrored = _mirrored(message, known.mailbox, changed)
        if mirrored == message:
            continue
        batch.put(key, mirrored)
        counts = message.direction is Direction.INBOUND and mirrored.read != message.read
        unread = (-1 if mirrored.read else 1) if counts else 0
        conversation = keys.conversation(location, home(batch, location, message.conversation))
        batch.count(conversation, latest={"changed_ms": milliseconds(at)}, unread=unread)
        events.append(_event(location, mirrored, changed[-1].history_id, at))
    return events


def _mirrored(message: Message, mailbox: MailboxId, changed: list[FlagChange]) -> Message:
    source = message.sources[mailbox]
    for flag in [one for one in changed if one.history_id > source.as_of]:
        if flag.label == UNREAD:
            source = replace(source, read=not flag.on, as_of=flag.history_id)
            message = replace(message, read=not flag.on)
        else:
            source = replace(source, starred=flag.on, as_of=flag.history_id)
            message = replace(message, starred=flag.on)
    return replace(message, sources={**message.sources, mailbox: source})


def _event(location: LocationId, message: Message, history_id: int, at: datetime) -> Event:
    state: dict[str, object] = {"message": message.id, "read": message.read, "starred": message.starred}
    return Event(f"message.state:{location}:{message.id}:{history_id}", "message.state", location, at, state)
