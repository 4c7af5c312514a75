"""List a location's conversations, the latest first."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.location import Contact
from shared.domain.message import Conversation, milliseconds
from shared.ports.store import Query, Store, Where


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation and its contact; none where even the name is gone."""

    conversation: Conversation
    contact: Contact | None


def list_conversations(
    at: LocationId, *, since: datetime | None, limit: int, after: tuple[int, str] | None, store: Store
) -> list[Listed]:
    """A page, after the conversation with that time in milliseconds and id.

    Latest mail first; with `since`, those in which anything changed at or after it, the latest change first.
    """
    where = (Where("changed_ms", ">=", milliseconds(since)),) if since else ()
    found = store.find(
        Query(
            keys.conversations(at),
            where=where,
            order_by="changed_ms" if since else "last_message_ms",
            descending=True,
            limit=limit,
            after=after,
        )
    )
    if not found:
        return []
    names = [ContactId(one.key.path.rpartition("/")[2]) for one in found]
    reading = store.read(*(keys.contact(at, name) for name in names))
    return [
        Listed(replace(one.value, id=name), reading.value(keys.contact(at, name)))
        for one, name in zip(found, names, strict=True)
    ]
