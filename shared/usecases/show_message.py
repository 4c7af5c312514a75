"""Read one mail with its body, as its location shows it to one caller."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.domain import bodies, keys
from shared.domain.claims import Marker
from shared.domain.connection import Connection
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.message import Attachment, Body, Message, Source
from shared.errors import Gone
from shared.ports.store import Store
from shared.ports.world import Blobs
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch
from shared.usecases.claims_seen import claims_seen
from shared.usecases.conversation_home import at_home


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail with its body in it; `source` is the caller's own copy of it in Gmail.

    `reference`: it is shown to a contact who is only in its Cc or Bcc (R32). `elsewhere`: another location has its
    thread (R42).
    """

    message: Message
    source: Source | None = None
    reference: bool = False
    elsewhere: Marker | None = None


def show_message(at: LocationId, name: MessageId, *, caller: UserId, store: Store, blobs: Blobs) -> Shown:
    """The mail by its id or another name of it. Raises `Rejected` (`not_found`)."""
    place = keys.location(at)
    reading = store.read(place, keys.message(at, name), keys.connection(at, caller))
    here = found(reading.value(place))
    message = followed(at, reading.value(keys.message(at, name)), store)
    source = own_source(message, reading.value(keys.connection(at, caller)))
    seen = claims_seen([message], here, reader=caller, store=store)
    (shown,) = at_home(Batch(store), at, [message])
    return Shown(with_body(shown, blobs), source, elsewhere=seen.get(message.id))


def open_attachment(
    at: LocationId, name: MessageId, attachment: str, *, store: Store, blobs: Blobs
) -> tuple[Attachment, Iterator[bytes]]:
    """An attachment and its bytes in blocks. Raises `Rejected` (`not_found`), also while the bytes are not there."""
    key, place = keys.message(at, name), keys.location(at)
    reading = store.read(place, key)
    found(reading.value(place))
    message = followed(at, reading.value(key), store)
    file = next((one for one in message.attachments if one.id == attachment), None)
    if file is None or file.state != "ready" or not file.blob:
        raise nothing_here()
    try:
        blocks = iter(blobs.read(file.blob))
        first = next(blocks, b"")
    except Gone:
        raise nothing_here() from None
    return file, _all(first, blocks)


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


def followed(at: LocationId, message: Message | None, store: Store) -> Message:
    """The mail that was read, or that its name leads to. Raises `Rejected` (`not_found`)."""
    if message and message.alias_of:
        key = keys.message(at, message.alias_of)
        message = store.read(key).value(key)
    if message is None or message.purged or message.alias_of:
        raise nothing_here()
    return message


def _all(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
