"""Whose conversation a mail counts in, now that its contact may have been replaced by another one."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.message import Message
from shared.ports.store import Query, Store, Where
from shared.usecases.batch import Batch

MOST_REPLACED: Final = 10
"""Contacts that are followed from one to who took its place, the first and the last included."""


def home(batch: Batch, location: LocationId, conversation: ContactId) -> ContactId:
    """The conversation that has the other one's figures: that of whoever replaced its contact last, else itself.

    Reads as `followed` does.
    """
    return followed(batch, location, conversation)[-1]


def followed(batch: Batch, location: LocationId, conversation: ContactId) -> list[ContactId]:
    """The contact, who replaced it, and so on to the last: at most `MOST_REPLACED`.

    Reads one contact for each replacement and one more; who wants them in an earlier round trip loads them before.
    """
    seen = [conversation]
    while len(seen) < MOST_REPLACED:
        contact = batch.value(keys.contact(location, seen[-1]))
        if contact is None or contact.replaced_by is None or contact.replaced_by in seen:
            break
        seen.append(contact.replaced_by)
    return seen


def at_home(batch: Batch, location: LocationId, messages: Iterable[Message]) -> list[Message]:
    """The messages as they are shown, each in the conversation that its own goes on in."""
    some = list(messages)
    batch.load(keys.contact(location, one.conversation) for one in some if one.conversation)
    return [
        replace(one, conversation=home(batch, location, one.conversation)) if one.conversation else one for one in some
    ]


def with_replaced(store: Store, location: LocationId, contact: ContactId) -> list[ContactId]:
    """The contact, then those whose place it took, and those whose place they had taken: at most `MOST_REPLACED`."""
    names, last = [contact], [contact]
    while last and len(names) < MOST_REPLACED:
        moved = Query(keys.contacts(location), (Where("replaced_by", "in", last),), limit=MOST_REPLACED)
        before = [one.value.id for one in store.find(moved)]
        last = [one for one in before if one not in names][: MOST_REPLACED - len(names)]
        names += last
    return names
