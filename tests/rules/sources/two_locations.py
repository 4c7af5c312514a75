"""One user with one account in two locations that both have the contact, for the pages that speak of that."""

from shared.domain.identifiers import LocationId, MessageId
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.rules.situations import CARL, company
from tests.unit.usecases.office import ANN, ANNS, HERE, THERE


def two_locations(preset: str, *, assigned: bool = True) -> Company:
    """In `there` the contact may be nobody's in particular."""
    made = company(preset, assigned=ANN)
    made.policy(preset, THERE)
    made.connect(location=THERE)
    made.contact("carl-there", CARL, THERE, assigned_to=ANN if assigned else None)
    return made


def asked_in_both(made: Company) -> Letter:
    return made.post(Letter("q", CARL, (ANNS,), subject="Question", thread="t"))


def reply(made: Company, to: Letter, location: LocationId = HERE) -> None:
    made.send(CARL, location=location, reply_to=MessageId(made.shown(to, location).id), subject="Re: Question")
