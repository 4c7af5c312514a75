"""Ends the matching of a contact; its conversation stays readable (R39)."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId
from shared.ports.store import Replace, Store
from shared.usecases.address_writes import entry_writes, leaving
from shared.usecases.contended import Patience


def delete_contact(store: Store, location: LocationId, contact: ContactId, *, patience: Patience) -> None:
    """Marks the contact as deleted and takes it out of the index; one that is not there is fine."""

    def attempt() -> None:
        key = keys.contact(location, contact)
        stored = store.read(key).stored(key)
        if stored and not stored.value.deleted_at:
            edits = list(leaving(location, stored.value))
            gone = Replace(stored, replace(stored.value, deleted_at=patience.now()))
            store.commit([gone, *entry_writes(store, edits)])

    patience.until_committed(attempt)
