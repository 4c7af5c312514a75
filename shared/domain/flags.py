"""Read and star state of a mail: one flag per message, and the last change from either side counts (R17)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shared.domain.history import FlagChange
from shared.domain.identifiers import MailboxId
from shared.domain.mail import UNREAD
from shared.domain.mailbox import Mailbox
from shared.domain.message import Direction, Message, Source


@dataclass(frozen=True, slots=True)
class Flags:
    """What the CRM makes of a message; `None` leaves a flag as it is."""

    read: bool | None = None
    starred: bool | None = None


def heard_of(mailbox: Mailbox) -> int:
    """The newest history id that anybody has named: whatever is not newer has happened before now."""
    return max(mailbox.cursor, mailbox.pending)


def chosen(message: Message, flags: Flags, heard: Mapping[MailboxId, int]) -> Message:
    """The message as the CRM wants it; history up to the id that was `heard` of each mailbox is older than that."""
    sources = {name: _chosen(source, flags, heard.get(name, 0)) for name, source in message.sources.items()}
    read = message.read if flags.read is None else flags.read
    starred = message.starred if flags.starred is None else flags.starred
    return replace(message, read=read, starred=starred, sources=sources)


def _chosen(source: Source, flags: Flags, heard: int) -> Source:
    read = source.read_after if flags.read is None else max(source.read_after, heard)
    starred = source.starred_after if flags.starred is None else max(source.starred_after, heard)
    return replace(source, read_after=read, starred_after=starred)


def mirrored(message: Message, mailbox: MailboxId, changes: Iterable[FlagChange]) -> Message:
    """The message after what happened in Gmail, oldest first; what is older than the flag has it changes nothing."""
    source = message.sources[mailbox]
    for flag in [one for one in changes if one.history_id > source.as_of]:
        if flag.label == UNREAD:
            source = replace(source, read=not flag.on, as_of=flag.history_id)
            message = replace(message, read=not flag.on) if flag.history_id > source.read_after else message
        else:
            source = replace(source, starred=flag.on, as_of=flag.history_id)
            message = replace(message, starred=flag.on) if flag.history_id > source.starred_after else message
    return replace(message, sources={**message.sources, mailbox: source})


def unread_by(before: Message, after: Message) -> int:
    """How many more mails of the conversation are unread after the change; only what came in counts."""
    return _unread(after) - _unread(before)


def _unread(message: Message) -> int:
    return int(message.direction is Direction.INBOUND and not message.read)
