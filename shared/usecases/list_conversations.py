"""List a location's conversations, the latest first."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.location import Contact
from shared.domain.message import Conversation
from shared.ports.store import Query, Store, Where

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation and its contact; none where even the name is gone."""

    conversation: Conversation
    contact: Contact | None


def list_conversations(
    at: LocationId, *, since: datetime | None, limit: int, after: tuple[int, str] | None, store: Store
) -> list[Listed]:
    """A page: those with mail at or after `since`, after the conversation with that time in milliseconds and id."""
    where = (Where("last_message_ms", ">=", milliseconds(since)),) if since else ()
    found = store.find(
        Query(
            keys.conversations(at),
            where=where,
            order_by="last_message_ms",
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


def milliseconds(moment: datetime) -> int:
    """A time as conversations keep it: milliseconds since 1970, rounded up."""
    return -((EPOCH - moment) // timedelta(milliseconds=1))
