"""The demonstration: a location, two users with connected mailboxes, two contacts; made over HTTP as a CRM would."""

from dataclasses import dataclass, replace

from tests.client.endpoints import Endpoints, Row, connect

LOCATION = "demo"
A_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Person:
    """A user or a contact; the address is that of their simulated Gmail account too."""

    id: str
    email: str
    name: str


USERS = (
    Person("anna", "anna@agency.example", "Anna Berg"),
    Person("ben", "ben@agency.example", "Ben Okafor"),
)
CONTACTS = (
    Person("carla", "carla@customer.example", "Carla Díaz"),
    Person("dmitri", "dmitri@client.example", "Dmitri Orlov"),
)


def sow(endpoints: Endpoints) -> Endpoints:
    """Makes the demonstration on a stack that answers → its endpoints, the seed filled in; its tokens last a day."""
    service_token = endpoints.token("crm-backend", [LOCATION], "service", expires_s=A_DAY_S)
    backend = endpoints.crm_with(service_token, LOCATION)
    backend.put_location("Demonstration")
    for person in USERS:
        backend.put_user(person.id, person.email, name=person.name)
    for person in CONTACTS:
        backend.put_contact(person.id, person.email, name=person.name)
    for person in (*USERS, *CONTACTS):
        endpoints.control().add_mailbox(person.email, name=person.name)
    seed = {
        "location": LOCATION,
        "service_token": service_token,
        "users": [_connected(endpoints, person) for person in USERS],
        "contacts": [{"id": person.id, "email": person.email} for person in CONTACTS],
    }
    return replace(endpoints, seed=seed)


def _connected(endpoints: Endpoints, person: Person) -> Row:
    token = endpoints.token(person.id, [LOCATION], expires_s=A_DAY_S)
    connect(endpoints, endpoints.crm_with(token, LOCATION), person.email)
    return {"id": person.id, "email": person.email, "mailbox": person.email, "token": token}
