"""Mark a conversation read: none of its mail counts as unread any more (R17)."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.flags import Flags, chosen
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.message import milliseconds
from shared.errors import Conflict, Transient
from shared.ports.store import Query, Replace, Store, Where
from shared.usecases.absence import found
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home, with_replaced
from shared.usecases.set_flags import heard_of_all

PAGE = 200
ROUNDS = 50


def mark_read(at: LocationId, of: ContactId, *, now: datetime, store: Store) -> int:
    """How many mails were unread, those to contacts whom this one replaced included. Gmail is not told.

    Each page of them is one batch with the conversation, which breaks if mail comes in. Raises `Rejected`
    (`not_found`), or `Transient` where more comes in than can be marked.
    """
    marked = 0
    batch = Batch(store)
    of = home(batch, at, of)
    names = [one for one in with_replaced(store, at, of) if home(batch, at, one) == of]
    for _ in range(ROUNDS):
        reading = store.read(keys.location(at), keys.conversation(at, of), keys.contact(at, of))
        found(reading.value(keys.location(at)))
        conversation = reading.stored(keys.conversation(at, of))
        if conversation is None:
            found(reading.value(keys.contact(at, of)))
            return marked
        where = (Where("conversation", "in", names), Where("read", "==", False))
        unread = store.find(Query(keys.messages(at), where, limit=PAGE))
        last = len(unread) < PAGE
        left = 0 if last else max(0, conversation.value.unread - len(unread))
        heard = heard_of_all(store, (one.value for one in unread))
        writes = [Replace(one, chosen(one.value, Flags(read=True), heard)) for one in unread]
        seen = replace(conversation.value, unread=left, changed_ms=milliseconds(now))
        try:
            store.commit([*writes, Replace(conversation, seen)])
        except Conflict:
            continue
        marked += len(unread)
        if last:
            return marked
    raise Transient("conversation keeps changing")
