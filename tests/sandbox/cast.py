"""Who takes part in a demonstration."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.sandbox.letters import Letter
from tests.sandbox.seed import USERS, Person


@dataclass(frozen=True, slots=True)
class Cast:
    """The user, who has the mailbox of the same address, other users, contacts; `told` says how they were chosen."""

    user: Person
    colleagues: Sequence[Person]
    contacts: Sequence[Person]
    told: str

    def contact(self, contact: str) -> Person:
        """A contact, by id."""
        return next(person for person in self.contacts if person.id == contact)


# The people of tests/mail.
OWN = Cast(
    user=Person("ada", "ada@agency.example", "Ada"),
    colleagues=(Person("grace", "grace@agency.example", "Grace"),),
    contacts=(
        Person("bob", "bob@client.example", "Bob Client"),
        Person("carol", "carol@client.example", "Carol Client"),
        Person("dora", "dora@müller.example", "Dora"),
        Person("hiro", "hiro@nihon.example", "Hiro"),
    ),
    told="Ada and Grace use the CRM; Bob, Carol, Dora and Hiro are contacts.",
)


def cast_for(letters: Sequence[Letter]) -> Cast:
    """The people of tests/mail if it is said what should become of the letters, else contacts made of their senders."""
    if all(letter.expected for letter in letters):
        return OWN
    user = USERS[0]
    senders = dict.fromkeys(sender for letter in letters if (sender := letter.sender()) not in {None, user.email})
    contacts = [Person(f"contact-{n}", str(sender), str(sender)) for n, sender in enumerate(senders, 1)]
    made = f"{len(contacts)} {'contact was' if len(contacts) == 1 else 'contacts were'}"
    return Cast(user, (), contacts, f"{made} made of the From addresses, so that their mail is stored.")
