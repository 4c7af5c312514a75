"""Makes the contact that a placed mail calls for, in the batch that stores the mail."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.addresses import Person
from shared.domain.creation import IDS, shown_name
from shared.domain.identifiers import ContactId, LocationId, MessageId, created_contact_id
from shared.domain.mail import Mail
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.create_contact import MOST_OTHERS, Created, create_contact, created_event, stage_index


def make_contact(batch: Batch, location: LocationId, person: Person, mail: Mail) -> Created:
    """Stages the contact, which counts from the mail on; the chunk's next mail already finds it (R12).

    One that a younger mail has made counts from this one on.
    """
    made = create_contact(batch, location, shown_name(person), since=mail.internal_at)
    _counts_since(batch, location, made.contact, mail.internal_at)
    return made


def _counts_since(batch: Batch, location: LocationId, name: ContactId, at: datetime) -> None:
    key = keys.contact(location, name)
    contact = batch.value(key)
    if contact and contact.created_at > at:
        older = replace(contact, created_at=at)
        batch.put(key, older)
        stage_index(batch, location, older)


def removed(batch: Batch, location: LocationId, person: Person) -> bool:
    """Whether the CRM has deleted the contact that mail of this person once made: it is not made again (R39)."""
    for other in range(MOST_OTHERS):
        known = batch.value(keys.contact(location, created_contact_id(person.address, other)))
        if known is None or known.email == person.address:
            return bool(known and known.deleted_at)
    return False


def told_again(batch: Batch, location: LocationId, name: MessageId) -> list[Event]:
    """The event of the contact that a stored mail made, for whoever cannot know whether it went out before (R75)."""
    message = batch.value(keys.message(location, name))
    if message is None or not any(_made_of(person, message.conversation) for person in (message.sender, *message.to)):
        return []
    contact = batch.value(keys.contact(location, message.conversation))
    made = contact and not contact.deleted_at and contact.created_at == message.at
    return [created_event(location, contact)] if contact and made else []


def _made_of(person: Person | None, contact: ContactId) -> bool:
    """Whether the contact's id is one that a mail gives it; no read is needed for any other."""
    return person is not None and contact in {created_contact_id(person.address, other) for other in range(IDS)}
