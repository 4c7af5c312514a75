"""Changes of the address index, to be committed with the record that they follow from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from shared.domain import keys
from shared.domain.address_index import (
    indexed,
    names_of_mailbox,
    with_contact,
    with_internal,
    without_contact,
    without_internal,
)
from shared.domain.identifiers import LocationId
from shared.domain.keys import Key
from shared.domain.location import AddressEntry, Contact
from shared.domain.mailbox import Mailbox
from shared.ports.store import Create, Delete, Replace, Store, Write

NOBODY = AddressEntry()


@dataclass(frozen=True, slots=True)
class Edit:
    """What changes in one entry."""

    key: Key[AddressEntry]
    change: Callable[[AddressEntry], AddressEntry]


def entry_writes(store: Store, edits: Sequence[Edit]) -> list[Write]:
    """The edits in their order, as writes under the versions of the entries that are read here; empty entries go."""
    if not edits:
        return []
    reading = store.read(*(edit.key for edit in edits))
    writes: list[Write] = []
    for path in dict.fromkeys(edit.key.path for edit in edits):
        mine = [edit for edit in edits if edit.key.path == path]
        stored = reading.stored(mine[0].key)
        entry = stored.value if stored else NOBODY
        for edit in mine:
            entry = edit.change(entry)
        if stored and entry == NOBODY:
            writes.append(Delete(stored.key, stored))
        elif stored:
            writes.append(Replace(stored, entry))
        elif entry != NOBODY:
            writes.append(Create(mine[0].key, entry))
    return writes


def leaving(location: LocationId, contact: Contact) -> Iterator[Edit]:
    """The contact out of all its entries."""
    for address, _ in indexed(contact):
        yield Edit(keys.address(location, address), partial(without_contact, contact=contact.id))


def joining(location: LocationId, contact: Contact) -> Iterator[Edit]:
    """The contact into the entries of its addresses."""
    for address, place in indexed(contact):
        yield Edit(keys.address(location, address), partial(with_contact, contact=contact.id, place=place))


def people_of(before: Mailbox | None, after: Mailbox) -> Iterator[Edit]:
    """A mailbox's addresses in all locations that it is connected in, from what they were to what they are."""
    for location in {**(before.links if before else {}), **after.links}:
        had = names_of_mailbox(before) if before and location in before.links else {}
        has = names_of_mailbox(after) if location in after.links else {}
        for name, address in had.items():
            if has.get(name) != address:
                yield Edit(keys.address(location, address), partial(without_internal, name=name))
        for name, address in has.items():
            if had.get(name) != address:
                yield Edit(keys.address(location, address), partial(with_internal, name=name, address=address))
