"""Makes a contact of somebody who was written to or who wrote: one id for one address, however it came about (R61)."""

from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter

from shared.domain import keys
from shared.domain.address_index import indexed, with_contact
from shared.domain.addresses import Address, Person
from shared.domain.identifiers import ContactId, LocationId, UserId, created_contact_id
from shared.domain.location import AddressEntry, Contact
from shared.ports.world import Event
from shared.usecases.batch import Batch

MOST_OTHERS = 20
"""Ids that are tried where the CRM has given those before to contacts with other addresses."""
MOST_FILERS = 100
"""Users that a contact remembers as having filed mail with it."""


@dataclass(frozen=True, slots=True)
class Created:
    """The contact, and its event to be announced after the commit; None if there was such a contact already."""

    contact: ContactId
    event: Event | None


def create_contact(
    batch: Batch, location: LocationId, person: Person, *, since: datetime, filed_by: UserId | None = None
) -> Created:
    """Stages the contact and its place in the address index; mail counts for it from `since` on (R12).

    Its id is derived from the address, so that whoever makes it at the same time makes the same one, and the second
    commit meets a conflict. One that was deleted begins anew, unless another took its place. Raises `Rejected` if its
    address has too many contacts.
    """
    name = _free(batch, location, person.address)
    key = keys.contact(location, name)
    known = batch.value(key)
    if known and not known.deleted_at:
        return Created(name, None)
    filed = {filed_by: since} if filed_by else {}
    contact = Contact(name, person.address, since, name=person.name, filed_by=filed)
    batch.put(key, contact)
    stage_index(batch, location, contact)
    return Created(name, created_event(location, contact))


def created_event(location: LocationId, contact: Contact) -> Event:
    """That a mail made the contact: the same event however often it is told (R75)."""
    since = contact.created_at
    name = f"contact.created:{location}:{contact.id}:{since:%Y%m%dT%H%M%S}"
    return Event(name, "contact.created", location, since, {"contact": contact.id})


def file_with(batch: Batch, location: LocationId, name: ContactId, user: UserId, *, since: datetime) -> None:
    """Stages that the user filed mail with a contact that is there: their mail with it syncs from `since` on (R62)."""
    key = keys.contact(location, name)
    contact = batch.value(key)
    if contact is None or contact.deleted_at:
        return
    before = contact.filed_by.get(user)
    if before and before <= since:
        return
    latest = sorted((contact.filed_by | {user: since}).items(), key=itemgetter(1))[-MOST_FILERS:]
    filed = replace(contact, filed_by=dict(latest))
    batch.put(key, filed)
    stage_index(batch, location, filed)


def stage_index(batch: Batch, location: LocationId, contact: Contact) -> None:
    """Stages the contact's places in the index of addresses as its record says them."""
    for address, place in indexed(contact):
        key = keys.address(location, address)
        batch.put(key, with_contact(batch.value(key) or AddressEntry(), contact.id, place))


def _free(batch: Batch, location: LocationId, address: Address) -> ContactId:
    """The address's own id, or the next that no living contact of another address has, nor one that was merged."""
    for other in range(MOST_OTHERS):
        name = created_contact_id(address, other)
        known = batch.value(keys.contact(location, name))
        if known is None or (not known.replaced_by and (known.deleted_at or known.email == address)):
            return name
    raise ValueError("a contact's derived ids are all taken")
