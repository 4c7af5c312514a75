"""What becomes of a mail that came to a user's auto-BCC address: filed, held for the user, or dropped (R60 to R63)."""

from dataclasses import dataclass
from typing import Final

from shared.domain import marker
from shared.domain.addresses import Address, Person
from shared.domain.case import Case
from shared.domain.identifiers import ContactId
from shared.domain.machines import answers_to_nobody
from shared.domain.mail import Mail
from shared.domain.quarantine import Reason

RULE: Final = "R61"
MOST_HOPS: Final = 25
"""`Received` fields beyond which a mail goes in circles (T25)."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The contact whose conversation it is in, or who becomes one by it; `references` are the others on it (R32)."""

    conversation: ContactId | None
    creates: Person | None = None
    references: tuple[ContactId, ...] = ()
    ambiguous: tuple[ContactId, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Not filed, and shown to the user."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Dropped:
    """Not filed, and nothing of it is kept."""

    rule: str


Unfiled = Held | Dropped
Filing = Filed | Unfiled


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose address it came to: the user's `own` addresses; `proved` if our receiver vouches for the sender (R63)."""

    own: frozenset[Address]
    proved: bool


def file_where(case: Case, claim: Claim) -> Filing:
    """The order of decision for auto-BCC mail, which is the user's own act: no pin, claim or trigger is asked."""
    if decided := _by_a_machine(case.mail) or _excluded(case) or _inside(case) or not_theirs(case.mail, claim):
        return decided
    return _answering(case) or _to_the_first(case) or _to_a_contact(case) or Held(Reason.NO_CONTACT)


def not_theirs(mail: Mail, claim: Claim) -> Held | None:
    """Why the mail is not proved to be by the user (R63); None if it is."""
    if mail.sender is None:
        return Held(Reason.NOT_YOUR_ADDRESS)
    if not claim.proved:
        return Held(Reason.NOT_AUTHENTICATED)
    return None if mail.sender.address in claim.own else Held(Reason.NOT_YOUR_ADDRESS)


def _by_a_machine(mail: Mail) -> Dropped | None:
    """Loops and automatic mail end here, and so does the CRM's own mail, which is known already (T25)."""
    if mail.headers.all(marker.HEADER):
        return Dropped("R10")
    circles = len(mail.headers.all("Received")) > MOST_HOPS
    return Dropped("R57") if mail.automatic or circles else None


def _excluded(case: Case) -> Dropped | None:
    """Whoever is named, or perhaps named: of such mail nothing is kept, whoever sent it."""
    people = [*(person.address for person in case.mail.people), *case.mail.doubtful]
    lists = (case.view.policy.excluded, case.view.link.excluded)
    return Dropped("R24") if any(one.name(people, ()) for one in lists) else None


def _inside(case: Case) -> Dropped | None:
    """Mail among the location's own people, proved to be or not; a sender whom nobody can name is no such."""
    return Dropped("R22") if case.mail.sender and not case.people else None


def _answering(case: Case) -> Filed | None:
    """A reply stays in the conversation of the mail that it answers, if its contact is on it (R30)."""
    answered = case.view.replied_to
    if answered is None or not answered.conversation or answered.purged:
        return None
    home = case.view.home(answered.conversation)
    return _with_references(case, Filed(home)) if any(home == owner for _, owner in case.everyone) else None


def _to_the_first(case: Case) -> Filed | None:
    """The first in To who is not the location's own (R61); somebody new only where contacts may be made."""
    first = next((person for person in case.mail.to if person.address in case.owners), None)
    if first is None:
        return None
    if owners := case.owners[first.address]:
        return _with_references(case, Filed(owners[0], ambiguous=owners[1:]))
    barred = answers_to_nobody(first.address) or case.directory.taken(first.address)
    if case.view.policy.contact_creation == "never" or barred:
        return None
    return _with_references(case, Filed(None, creates=first))


def _to_a_contact(case: Case) -> Filed | None:
    """Else the first in To, then Cc, then Bcc who is a contact (R30, R32)."""
    mail = case.mail
    for person in (*mail.to, *mail.cc, *mail.bcc):
        if owners := case.owners.get(person.address):
            return _with_references(case, Filed(owners[0], ambiguous=owners[1:]))
    return None


def _with_references(case: Case, filed: Filed) -> Filed:
    others = (owners[0] for owners in case.owners.values() if owners and owners[0] != filed.conversation)
    references = tuple(dict.fromkeys(others)) if case.view.policy.reference_cc else ()
    return Filed(filed.conversation, filed.creates, references, filed.ambiguous)
