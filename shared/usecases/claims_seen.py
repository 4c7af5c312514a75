"""Which mails of a location are in threads that another location has by now (R42)."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.domain import keys
from shared.domain.claims import Marker, marker
from shared.domain.identifiers import MessageId, UserId
from shared.domain.keys import Key
from shared.domain.location import Location
from shared.domain.message import Message
from shared.ports.store import Store


def claims_seen(
    messages: Iterable[Message], here: Location, *, reader: UserId, store: Store
) -> Mapping[MessageId, Marker]:
    """The marker of each mail that has one, as `reader` may see it; one batched read for all of them.

    A mail that several mailboxes of the location have is marked if any of its threads is another location's.
    """
    found = {message.id: message for message in messages}
    places = [(one.id, box, source.thread_id) for one in found.values() for box, source in one.sources.items()]
    if not places:
        return {}
    wanted: list[Key[Any]] = [keys.thread(box, thread_id) for _, box, thread_id in places]
    wanted += [keys.mailbox(box) for box in {box for _, box, _ in places}]
    reading = store.read(*wanted)
    seen: dict[MessageId, Marker] = {}
    for name, box, thread_id in places:
        mailbox = reading.value(keys.mailbox(box))
        told = marker(reading.value(keys.thread(box, thread_id)), mailbox, here, reader) if mailbox else None
        if told and not (name in seen and seen[name].location):
            seen[name] = told
    return seen
