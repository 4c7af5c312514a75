"""Who takes part in a demonstration."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.sandbox.letters import Letter
from tests.sandbox.seed import USERS, Person


@dataclass(frozen=True, slots=True)
class Cast:
    """The user, whose address is the mailbox's too, and the contacts; `told` says how these were chosen."""

    user: Person
    contacts: Sequence[Person]
    told: str

    def name_of(self, contact: str) -> str:
        """A contact's name, by id."""
        return next((person.name for person in self.contacts if person.id == contact), contact)


def of_senders(letters: Sequence[Letter]) -> Cast:
    """A contact for each address that wrote one of the letters, so that there is something to see."""
    user = USERS[0]
    senders = dict.fromkeys(sender for letter in letters if (sender := letter.sender()) not in {None, user.email})
    contacts = [Person(f"contact-{n}", str(sender), str(sender)) for n, sender in enumerate(senders, 1)]
    made = f"{len(contacts)} {'contact was' if len(contacts) == 1 else 'contacts were'}"
    return Cast(user, contacts, f"{made} made of the From addresses, so that their mail is stored.")
