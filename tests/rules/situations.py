"""What can happen to a mail, each as a few sentences in a company where Ann's account is connected."""

from collections.abc import Callable

from shared.domain.identifiers import UserId
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.unit.usecases.office import ANN, ANNS, BOB

CARL, DORA, EVE = "carl@customer.example", "dora@customer.example", "eve@elsewhere.example"
SALES, BOBS, CREW = "sales@office.example", "bob@gmail.com", "desk@reception.example"
POLICY: dict[str, object] = {
    "internal_domains": ["office.example"],
    "staff": [CREW],
    "exclusions": ["lawyer@secret.example", "bank.example", "label:Private"],
}


def company(preset: str, *, assigned: UserId | None = None, **settings: object) -> Company:
    """Carl and Dora are contacts, perhaps assigned; Bob has an account that is not connected."""
    made = Company(preset, connected=False, **POLICY, **settings)
    made.alias(SALES)
    made.gmail.own_labels["Label_1"] = "Private"
    made.account(BOBS)
    made.connect()
    made.contact("carl", CARL, assigned_to=assigned, others=["carl@home.example"])
    made.contact("dora", DORA, assigned_to=assigned)
    made.contact("crew", CREW)
    return made


def writes(sender: str, *to: str, **more: object) -> Letter:
    """A mail to Ann where nobody else is said."""
    return Letter("mail", sender, to or (ANNS,), thread="t", **more)  # type: ignore[arg-type]


def in_a_thread_of_the_crm(company: Company) -> Letter:
    """The mail that a CRM send to Carl became, as something to answer."""
    sent = company.send(CARL)
    message = company.message(sent)
    assert message
    assert message.message_id
    (source,) = message.sources.values()
    company.threads["crm", ANNS] = source.thread_id
    return Letter(message.message_id.strip("<>").partition("@")[0], ANNS, (CARL,), subject="An offer", thread="crm")


def answering(company: Company, sender: str, *to: str, **more: object) -> Letter:
    """An answer in a thread that the CRM began with Carl."""
    began = in_a_thread_of_the_crm(company)
    return Letter("answer", sender, to or (ANNS,), subject="Re: An offer", thread="crm", answers=began.name, **more)  # type: ignore[arg-type]


Situation = Callable[[Company], Letter]


def plain(sender: str, *to: str, **more: object) -> Situation:
    """A mail that needs no past."""
    return lambda _: writes(sender, *to, **more)


def answer(sender: str, *to: str, **more: object) -> Situation:
    """An answer to the CRM's mail."""
    return lambda company: answering(company, sender, *to, **more)


def after(first: Letter, second: Letter) -> Situation:
    """The second of two mails."""

    def happens(company: Company) -> Letter:
        company.post(first)
        return second

    return happens


ASSIGNED_TO_ANN, ASSIGNED_TO_BOB = ANN, BOB
