"""Contacts that mail makes, whatever the order in which the mail comes to be read (R12, R61)."""

from dataclasses import replace
from typing import Final

from shared.domain.addresses import Person, address_key
from shared.domain.case import View, since
from shared.domain.identifiers import ContactId, created_contact_id
from shared.domain.mail import Mail
from shared.domain.placement import Placement, place

CREATING: Final = frozenset({"sent", "sent_and_received"})
_QUOTES: Final = "'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb "
IDS: Final = 3
"""Ids of one address that are looked for among the contacts."""


def creating_earlier(mail: Mail, view: View) -> Placement | None:
    """Where a mail belongs that is older than the contact, but would have made that very contact, had it come first.

    None where it would have made none, or where the contact is the CRM's own: that one counts from its creation on.
    """
    if view.policy.contact_creation not in CREATING:
        return None
    entries = {
        key: replace(
            entry,
            contacts={name: one for name, one in entry.contacts.items() if mail.internal_at >= since(one.created_at)},
        )
        for key, entry in view.entries.items()
    }
    if entries == view.entries:
        return None
    placement = place(mail, replace(view, entries=entries))
    person = placement.creates
    made = _made(person, view) if person else None
    return replace(placement, conversation=made) if made else None


def _made(person: Person, view: View) -> ContactId | None:
    """The contact that another mail of the person has made."""
    known = view.entries[address_key(person.address)].contacts
    names = (created_contact_id(person.address, other) for other in range(IDS))
    return next((name for name in names if name in known and known[name].address == person.address), None)


def shown_name(person: Person) -> Person:
    """The person called as a contact is: without quotes, and never by an address."""
    name = person.name.strip(_QUOTES)
    return Person("" if "@" in name else name, person.address)
