"""One mail before one location: who is on it, and which contacts they were when it came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from shared.domain.addresses import Address, Person
from shared.domain.directory import Directory
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.location import AddressEntry, IndexedContact
from shared.domain.mail import Mail
from shared.domain.mail_domains import domain_of
from shared.domain.mailbox import Link
from shared.domain.message import Message, Thread
from shared.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class View:
    """All that a location knows that bears on one mail, read at one time."""

    location: LocationId
    policy: Policy
    policy_version: int
    link: Link
    entries: Mapping[str, AddressEntry]
    thread: Thread | None = None
    replied_to: Message | None = None
    labels: frozenset[str] = frozenset()
    """Names of the mail's labels, where an exclusion asks for one (R24)."""
    reported: Message | None = None
    """The CRM send that the mail is a delivery report about, if it is one (R57)."""
    capture_domain: str = ""
    """The domain of the auto-BCC addresses: they are nobody (R60)."""
    replaced: Mapping[ContactId, ContactId] = field(default_factory=dict)
    """Contacts of the conversation that the mail may go on in who were replaced, each with who has it since."""

    def home(self, conversation: ContactId) -> ContactId:
        """The conversation that another one goes on in."""
        return self.replaced.get(conversation, conversation)


@dataclass(frozen=True)
class Case:
    """One mail before one location; what several steps ask of it is found out once."""

    mail: Mail
    view: View

    @cached_property
    def directory(self) -> Directory:
        """Who is who in the location."""
        return Directory(self.view.entries, self.view.policy)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody on the mail who is not the location's own, in header order (R21)."""
        return tuple(person for person in self.mail.people if not self.inside(person.address))

    @cached_property
    def owners(self) -> Mapping[Address, tuple[ContactId, ...]]:
        """The contacts that the people were when the mail came, the oldest of each address first (R12, R31)."""
        return {person.address: self._contacts(person.address) for person in self.people}

    @cached_property
    def everyone(self) -> list[tuple[Address, ContactId]]:
        """All contacts on the mail, with the address by which each is."""
        return [(address, owner) for address, owners in self.owners.items() for owner in owners]

    def inside(self, address: Address) -> bool:
        """Whether it is one of the location's own people's addresses, or where auto-BCC mail goes (R60)."""
        return domain_of(address) == self.view.capture_domain or self.directory.inside(address)

    def record(self, address: Address, contact: ContactId) -> IndexedContact:
        """What the index says of a contact under the address."""
        return self.directory.entry(address).contacts[contact]

    def younger(self, address: Address) -> bool:
        """Whether the address is a contact's that was none yet when the mail came (R12)."""
        return not self.owners[address] and bool(self.directory.contacts(address))

    def _contacts(self, address: Address) -> tuple[ContactId, ...]:
        at = self.mail.internal_at
        return tuple(name for name, one in self.directory.matching(address) if at >= since(one.created_at))


def since(moment: datetime) -> datetime:
    """The moment as a mail's time is compared with it: Gmail keeps some internal dates in whole seconds only."""
    return moment.replace(microsecond=0)
