"""Where one mail belongs in one location: the order of decision, step by step, each with the rule that it follows.

The order is the product's promise about privacy: a step that leaves a mail out comes before every step that could take
it in, and no step sees more than headers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.domain.addresses import Address, Person, address_key
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.location import AddressEntry, IndexedContact
from shared.domain.mail import NEVER, Mail
from shared.domain.mailbox import Link
from shared.domain.message import Message, Thread
from shared.domain.policy import Policy

PEOPLE_KEPT = 100

ORDER = ("R10", "R19", "R05", "R35", "R24", "R22", "R42", "R11", "R13", "R12", "R23")
"""The rules in the order in which they are asked, as an explanation lists them."""


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

    def entry(self, address: Address) -> AddressEntry:
        """Everybody who answers to the address."""
        return self.entries.get(address_key(address), _NOBODY)

    def internal(self, address: Address) -> bool:
        """Whether the address is one of the location's own people (R21, R22)."""
        domain = address.rpartition("@")[2]
        return bool(self.entry(address).internal) or domain in self.policy.internal_domains


_NOBODY = AddressEntry()


@dataclass(frozen=True, slots=True)
class Step:
    """A rule of the order of decision: it `passed` the mail on, or `decided`."""

    rule: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the mail goes and by which rule; no conversation means left out."""

    rule: str
    conversation: ContactId | None = None
    references: tuple[ContactId, ...] = ()
    ambiguous: tuple[ContactId, ...] = ()
    known: tuple[str, ...] = ()
    """The people of the thread after this mail, as address keys, for who may join it next."""
    creates: Person | None = None
    """Who becomes a contact by this mail, under the id in `conversation`."""
    trace: tuple[Step, ...] = ()
    """The rules that were asked, in their order; the last one decided (R70)."""
    present: bool = True
    """Whether the contact is on the mail; if not, it counts only while there still is such a contact (R39)."""


@dataclass(frozen=True, slots=True)
class _Case:
    mail: Mail
    view: View
    people: tuple[Person, ...] = ()
    owners: Mapping[Address, tuple[ContactId, ...]] = field(default_factory=dict)


def place(mail: Mail, view: View) -> Placement:
    """The order of decision for one mail and one connection; the mail is no send of our own (step 1, R10)."""
    case = _Case(mail, view)
    for step in (_never, _before_the_connection, _no_one_sender):
        if (decided := step(case)) is not None:
            return decided
    people = tuple(person for person in mail.people if not view.internal(person.address))
    if not people:
        return Placement("R22")
    case = replace(case, people=people, owners={person.address: _owners(person.address, case) for person in people})
    for step in (_claimed_elsewhere, _pinned, _outbound, _inbound):
        if (decided := step(case)) is not None:
            return _completed(decided, case)
    return Placement("R22")


def since(moment: datetime) -> datetime:
    """The moment as a mail's time is compared with it: Gmail keeps some internal dates in whole seconds only."""
    return moment.replace(microsecond=0)


def _never(case: _Case) -> Placement | None:
    return Placement("R19") if case.mail.labels & NEVER else None


def _before_the_connection(case: _Case) -> Placement | None:
    return Placement("R05") if case.mail.internal_at < since(case.view.link.connected_at) else None


def _no_one_sender(case: _Case) -> Placement | None:
    return Placement("R35") if case.mail.sender is None else None


def _claimed_elsewhere(case: _Case) -> Placement | None:
    thread = case.view.thread
    return Placement("R42") if thread and thread.claimed_by not in {None, case.view.location} else None


def _pinned(case: _Case) -> Placement | None:
    pin, known = _pin(case)
    if pin is None:
        return None
    present = any(pin in {owner, case.view.entry(address).contacts[owner].replaces} for address, owner in _all(case))
    familiar = {address_key(person.address) for person in case.people} <= known
    return Placement("R11", conversation=_successor(pin, case), present=present) if present or familiar else None


def _pin(case: _Case) -> tuple[ContactId | None, frozenset[str]]:
    """The conversation that the mail's thread belongs to, and who was known in it before.

    By Gmail's thread; where Gmail began a new one because the subject changed, by the mail that it answers, if the
    sender was on that mail: who merely quotes its id does not get in (R11, R35).
    """
    thread, answered = case.view.thread, case.view.replied_to
    here = case.view.location
    if thread and here in thread.pins:
        return thread.pins[here], frozenset(thread.people.get(here, ()))
    if answered and answered.conversation and not answered.purged and case.mail.sender:
        persons = [*([answered.sender] if answered.sender else []), *answered.to, *answered.cc, *answered.bcc]
        were = {person.address for person in persons}
        if case.mail.sender.address in were:
            return answered.conversation, frozenset(map(address_key, were))
    return None, frozenset()


def _successor(pin: ContactId, case: _Case) -> ContactId:
    for address, owner in _all(case):
        if case.view.entry(address).contacts[owner].replaces == pin:
            return owner
    return pin


def _outbound(case: _Case) -> Placement | None:
    if not case.mail.outbound:
        return None
    for header in (case.mail.to, case.mail.cc, case.mail.bcc):
        for person in header:
            if owners := case.owners.get(person.address):
                return Placement("R13", conversation=owners[0], ambiguous=owners[1:])
    return Placement("R23")


def _inbound(case: _Case) -> Placement | None:
    sender = case.mail.sender
    if sender is None or case.view.internal(sender.address):
        return None
    if owners := case.owners.get(sender.address):
        return Placement("R12", conversation=owners[0], ambiguous=owners[1:])
    return Placement("R12" if _younger(sender.address, case) else "R23")


def _matching(address: Address, case: _Case) -> list[tuple[ContactId, IndexedContact]]:
    """Contacts with exactly this primary address (R15), the oldest first (R31)."""
    found = [
        (name, one) for name, one in case.view.entry(address).contacts.items() if one.primary and one.address == address
    ]
    return sorted(found, key=lambda item: (item[1].created_at, item[0]))


def _owners(address: Address, case: _Case) -> tuple[ContactId, ...]:
    """Those of them that were contacts when the mail came (R12)."""
    return tuple(name for name, one in _matching(address, case) if case.mail.internal_at >= since(one.created_at))


def _younger(address: Address, case: _Case) -> bool:
    return bool(_matching(address, case))


def _all(case: _Case) -> Iterable[tuple[Address, ContactId]]:
    return ((address, owner) for address, owners in case.owners.items() for owner in owners)


def _completed(placed: Placement, case: _Case) -> Placement:
    """With references for the other contacts (R32), and who is known in the thread from now on."""
    if placed.conversation is None:
        return placed
    others = [owners[0] for owners in case.owners.values() if owners and owners[0] != placed.conversation]
    references = tuple(dict.fromkeys(others)) if case.view.policy.reference_cc else ()
    thread = case.view.thread
    before = thread.people.get(case.view.location, ()) if thread else ()
    now = (address_key(person.address) for person in case.people)
    known = tuple(dict.fromkeys([*before, *now]))[:PEOPLE_KEPT]
    return replace(placed, references=references, known=known)
