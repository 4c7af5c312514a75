"""List the mail of one contact, the latest first: their conversation, and what merely refers to them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.domain import keys
from shared.domain.connection import Connection
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.domain.message import Message
from shared.ports.store import Query, Store, Stored, Where
from shared.ports.world import Blobs
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch
from shared.usecases.claims_seen import claims_seen
from shared.usecases.conversation_home import at_home, home, with_replaced
from shared.usecases.show_message import Shown, own_source, with_body

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_BYTES = 8_000_000
"""Of bodies in one page; a page ends early rather than being larger."""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages; `after` (microseconds since 1970, id) leads to the next ones, if there may be any."""

    messages: tuple[Shown, ...]
    after: tuple[int, str] | None


def list_messages(
    at: LocationId,
    of: ContactId,
    *,
    caller: UserId,
    limit: int,
    after: tuple[int, str] | None,
    store: Store,
    blobs: Blobs,
) -> MessagePage:
    """A page of the contact's mail, that of contacts whom this one replaces included; a replaced one's is the other's.

    Raises `Rejected` (`not_found`) where there is no such location, or neither such a contact nor such a conversation.
    """
    place = keys.location(at)
    batch = Batch(store)
    batch.load([place, keys.contact(at, of), keys.conversation(at, of), keys.connection(at, caller)])
    here = found(batch.value(place))
    if batch.value(keys.contact(at, of)) is None and batch.value(keys.conversation(at, of)) is None:
        raise nothing_here()
    names = with_replaced(store, at, home(batch, at, of))
    rows = _rows(at, names, limit=limit, after=after, store=store)
    page = _page(rows, names, limit=limit, connection=batch.value(keys.connection(at, caller)), blobs=blobs)
    seen = claims_seen((one.message for one in page.messages), here, reader=caller, store=store)
    shown = at_home(batch, at, (one.message for one in page.messages))
    return replace(
        page,
        messages=tuple(
            replace(one, message=message, elsewhere=seen.get(message.id))
            for one, message in zip(page.messages, shown, strict=True)
        ),
    )


def _rows(
    at: LocationId, names: list[ContactId], *, limit: int, after: tuple[int, str] | None, store: Store
) -> list[Stored[Message]]:
    last = (EPOCH + timedelta(microseconds=after[0]), after[1]) if after else None
    rows: dict[str, Stored[Message]] = {}
    for where in (Where("conversation", "in", names), Where("referenced_by", "array_contains_any", names)):
        query = Query(keys.messages(at), (where,), order_by="at", descending=True, limit=limit, after=last)
        rows |= {one.key.path: one for one in store.find(query)}
    return sorted(rows.values(), key=_place, reverse=True)[:limit]


def _page(
    rows: list[Stored[Message]],
    names: list[ContactId],
    *,
    limit: int,
    connection: Connection | None,
    blobs: Blobs,
) -> MessagePage:
    shown: list[Shown] = []
    after, size = None, 0
    for row in rows:
        if size >= MOST_BYTES:
            return MessagePage(tuple(shown), after)
        after = _place(row)
        if not row.value.purged:
            message = with_body(row.value, blobs)
            size += len(message.body.text) + len(message.body.html or "")
            shown.append(Shown(message, own_source(message, connection), message.conversation not in names))
    return MessagePage(tuple(shown), after if len(rows) == limit else None)


def _place(row: Stored[Message]) -> tuple[int, str]:
    at = row.value.at or EPOCH
    return (at - EPOCH) // timedelta(microseconds=1), row.key.path.rpartition("/")[2]
