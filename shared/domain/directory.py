"""Who an address is in a location: one of its own people, contacts, or nobody that it knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.addresses import Address, address_key
from shared.domain.identifiers import ContactId
from shared.domain.location import AddressEntry, IndexedContact
from shared.domain.policy import Policy

_NOBODY = AddressEntry()


@dataclass(frozen=True, slots=True)
class Directory:
    """The location's address index for some addresses, by address key, read as its policy says."""

    entries: Mapping[str, AddressEntry]
    policy: Policy

    def entry(self, address: Address) -> AddressEntry:
        """Everybody who answers to the address."""
        return self.entries.get(address_key(address), _NOBODY)

    def inside(self, address: Address) -> bool:
        """Whether the address is internal: a user's, a mailbox's, of the staff, in an internal domain (R21, R22)."""
        return bool(self.entry(address).internal) or self.policy.counts_inside(address)

    def contacts(self, address: Address) -> list[ContactId]:
        """Who has exactly this address, the oldest first (R31)."""
        return [name for name, _ in self.matching(address)]

    def matching(self, address: Address) -> list[tuple[ContactId, IndexedContact]]:
        """The contacts with exactly this address, if the policy lets it count (R15), as indexed; oldest first (R31)."""
        every = self.policy.contact_addresses == "all"
        found = [(name, one) for name, one in self._with(address) if one.primary or every]
        return sorted(found, key=lambda item: (item[1].created_at, item[0]))

    def taken(self, address: Address) -> bool:
        """Whether the address is some contact's, as its primary or another one of it."""
        return bool(self._with(address))

    def _with(self, address: Address) -> list[tuple[ContactId, IndexedContact]]:
        return [(name, one) for name, one in self.entry(address).contacts.items() if one.address == address]
