"""Read one mail with its body, as its location shows it to one caller."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.domain import bodies, keys
from shared.domain.connection import Connection
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.message import Attachment, Body, Message, Source
from shared.errors import Gone, Rejected
from shared.ports.store import Store
from shared.ports.world import Blobs


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail with its body in it; `source` is the caller's own copy of it in Gmail.

    `reference`: it is shown to a contact who is only in its Cc or Bcc (R32).
    """

    message: Message
    source: Source | None = None
    reference: bool = False


def show_message(at: LocationId, name: MessageId, *, caller: UserId, store: Store, blobs: Blobs) -> Shown:
    """The mail by its id or another name of it. Raises `Rejected` (`not_found`)."""
    reading = store.read(keys.message(at, name), keys.connection(at, caller))
    message = _followed(at, reading.value(keys.message(at, name)), store)
    return Shown(with_body(message, blobs), own_source(message, reading.value(keys.connection(at, caller))))


def open_attachment(
    at: LocationId, name: MessageId, attachment: str, *, store: Store, blobs: Blobs
) -> tuple[Attachment, Iterator[bytes]]:
    """An attachment and its bytes in blocks. Raises `Rejected` (`not_found`), also while the bytes are not there."""
    message = _followed(at, store.read(keys.message(at, name)).value(keys.message(at, name)), store)
    found = next((one for one in message.attachments if one.id == attachment), None)
    if found is None or found.state != "ready" or not found.blob:
        raise _missing()
    try:
        blocks = iter(blobs.read(found.blob))
        first = next(blocks, b"")
    except Gone:
        raise _missing() from None
    return found, _all(first, blocks)


def with_body(message: Message, blobs: Blobs) -> Message:
    """The message with its body read in; a body that was purged meanwhile is empty."""
    if not message.body.blob:
        return message
    try:
        content = b"".join(blobs.read(message.body.blob))
    except Gone:
        return replace(message, body=Body(blob=message.body.blob))
    return replace(message, body=bodies.unpacked(content, message.body.blob))


def own_source(message: Message, connection: Connection | None) -> Source | None:
    """The mail in the mailbox of the connection's user, or in one that they used before (R37)."""
    mailboxes = (connection.mailbox, *reversed(connection.superseded)) if connection else ()
    return next((message.sources[one] for one in mailboxes if one in message.sources), None)


def _followed(at: LocationId, message: Message | None, store: Store) -> Message:
    if message and message.alias_of:
        key = keys.message(at, message.alias_of)
        message = store.read(key).value(key)
    if message is None or message.purged or message.alias_of:
        raise _missing()
    return message


def _all(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _missing() -> Rejected:
    return Rejected("not_found", "There is nothing here.")
