"""Which mails of a location are in threads that another location has by now (R42)."""

from collections.abc import Collection, Iterable, Mapping

from shared.domain import keys
from shared.domain.claims import Marker, marker
from shared.domain.identifiers import MailboxId, MessageId, UserId
from shared.domain.location import Location
from shared.domain.mailbox import Mailbox
from shared.domain.message import Message
from shared.ports.store import Store


def claims_seen(
    messages: Iterable[Message], here: Location, *, reader: UserId, store: Store
) -> Mapping[MessageId, Marker]:
    """The marker of each mail that has one, as `reader` may see it.

    One read of the mailboxes, and one of the threads in those that other locations use as well. A mail that several
    mailboxes of the location have is marked if any of its threads is another location's.
    """
    found = {message.id: message for message in messages}
    shared = _shared({box for one in found.values() for box in one.sources}, store)
    places = [
        (one.id, shared[box], source.thread_id)
        for one in found.values()
        for box, source in one.sources.items()
        if box in shared
    ]
    if not places:
        return {}
    reading = store.read(*(keys.thread(box.id, thread_id) for _, box, thread_id in places))
    seen: dict[MessageId, Marker] = {}
    for name, box, thread_id in places:
        told = marker(reading.value(keys.thread(box.id, thread_id)), box, here, reader)
        if told and not (name in seen and seen[name].location):
            seen[name] = told
    return seen


def _shared(boxes: Collection[MailboxId], store: Store) -> Mapping[MailboxId, Mailbox]:
    """Those that more than one location uses: in no other can anybody else have a thread."""
    if not boxes:
        return {}
    reading = store.read(*map(keys.mailbox, boxes))
    known = [reading.value(keys.mailbox(box)) for box in boxes]
    return {mailbox.id: mailbox for mailbox in known if mailbox and len(mailbox.links) > 1}
