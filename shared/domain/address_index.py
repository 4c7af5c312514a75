"""The index of a location's addresses: who is added to an entry, and who is taken out of it."""

from collections.abc import Iterator
from dataclasses import replace

from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId
from shared.domain.location import AddressEntry, Contact, IndexedContact, User
from shared.domain.mailbox import Mailbox
from shared.errors import Rejected

MOST = 100


def indexed(contact: Contact) -> Iterator[tuple[Address, IndexedContact]]:
    """The contact under each of its addresses, the primary one last, so that it wins where two share an entry."""
    for address in (*contact.other_emails, contact.email):
        yield (
            address,
            IndexedContact(
                address=address,
                primary=address == contact.email,
                created_at=contact.created_at,
                name=contact.name,
                assigned_to=contact.assigned_to,
                filed_by=contact.filed_by,
            ),
        )


def with_contact(entry: AddressEntry, contact: ContactId, place: IndexedContact) -> AddressEntry:
    """The entry with the contact. Raises `Rejected` if it is full."""
    if contact not in entry.contacts and len(entry.contacts) >= MOST:
        raise Rejected("invalid_request", f"{MOST} contacts have this address already.")
    return replace(entry, contacts={**entry.contacts, contact: place})


def without_contact(entry: AddressEntry, contact: ContactId) -> AddressEntry:
    """The entry without the contact."""
    return replace(entry, contacts={name: one for name, one in entry.contacts.items() if name != contact})


def with_internal(entry: AddressEntry, name: str, address: Address) -> AddressEntry:
    """The entry with somebody internal. Raises `Rejected` if it is full."""
    if name not in entry.internal and len(entry.internal) >= MOST:
        raise Rejected("invalid_request", f"{MOST} people of the location have this address already.")
    return replace(entry, internal={**entry.internal, name: address})


def without_internal(entry: AddressEntry, name: str) -> AddressEntry:
    """The entry without that internal one."""
    return replace(entry, internal={key: address for key, address in entry.internal.items() if key != name})


def name_of_user(user: User) -> str:
    """What a user is called in `AddressEntry.internal`."""
    return f"user:{user.id}"


def names_of_mailbox(mailbox: Mailbox) -> dict[str, Address]:
    """What a connected mailbox and its aliases are called in `AddressEntry.internal` (R22)."""
    aliases = sorted(mailbox.own_addresses() - {mailbox.address})
    return {f"mailbox:{mailbox.id}": mailbox.address} | {f"alias:{mailbox.id}:{alias}": alias for alias in aliases}
