"""A mailbox's change with everything that follows from it: the address that leads to it, and who is internal."""

from dataclasses import dataclass

from shared.domain import keys
from shared.domain.mailbox import Mailbox
from shared.domain.places import MailboxAddress
from shared.ports.store import Create, Delete, Put, Replace, Store, Stored, Write
from shared.usecases.address_writes import Edit, entry_writes, people_of


@dataclass(frozen=True, slots=True)
class MailboxChange:
    """A mailbox as it was read, `None` if it is new, and as it is to be."""

    before: Stored[Mailbox] | None
    after: Mailbox


def mailbox_writes(store: Store, *changes: MailboxChange) -> list[Write]:
    """The writes that make the changes, under the versions of what is read."""
    writes: list[Write] = []
    edits: list[Edit] = []
    for change in changes:
        stored, after = change.before, change.after
        writes.append(Replace(stored, after) if stored else Create(keys.mailbox(after.id), after))
        writes += _places(store, stored.value if stored else None, after)
        edits += people_of(stored.value if stored else None, after)
    return writes + entry_writes(store, edits)


def _places(store: Store, old: Mailbox | None, after: Mailbox) -> list[Write]:
    """Its address leads to a mailbox while it is connected; an address that it lost leads nowhere, or to another."""
    if not after.links or (old and old.links and old.address == after.address):
        return []
    writes: list[Write] = [Put(keys.mailbox_address(after.address), MailboxAddress(after.id))]
    if old and old.address != after.address:
        left = keys.mailbox_address(old.address)
        stored = store.read(left).stored(left)
        if stored and stored.value.mailbox == after.id:
            writes.append(Delete(left, stored))
    return writes
