"""List a location's conversations, the latest first."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.location import Contact
from shared.domain.message import Conversation, milliseconds
from shared.ports.store import Query, Store, Where
from shared.usecases.absence import found


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
    Raises `Rejected` (`not_found`) where there is no such location.
    """
    where = (Where("changed_ms", ">=", milliseconds(since)),) if since else ()
    page = store.find(
        Query(
            keys.conversations(at),
            where=where,
            order_by="changed_ms" if since else "last_message_ms",
            descending=True,
            limit=limit,
            after=after,
        )
    )
    names = [ContactId(one.key.path.rpartition("/")[2]) for one in page]
    place = keys.location(at)
    reading = store.read(place, *(keys.contact(at, name) for name in names))
    found(reading.value(place))
    return [
        Listed(replace(one.value, id=name), reading.value(keys.contact(at, name)))
        for one, name in zip(page, names, strict=True)
    ]
