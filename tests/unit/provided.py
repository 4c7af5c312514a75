"""The world of a send with people who never connected, lists of recipients, and what the provider took."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from shared.domain import keys
from shared.domain.addresses import Address, Person
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.location import AddressEntry, User
from shared.domain.provider import Provider, Security
from shared.ports.store import Put
from shared.usecases.list_recipients import Reached, list_recipients
from tests.sandbox.provider_faults import ProviderFault
from tests.unit.inbound import HERE
from tests.unit.outbound import Outbound

BEN = UserId("ben")
BENS = Address("ben@agency.example")
CRM = UserId("crm-backend")
OWN = Provider("smtp.own.example", 465, Security.TLS, Person("Own", Address("hello@own.example")), "u", "smtp-own")


class Provided(Outbound):
    """`ben` is a user who never connected; `people` makes that many contacts."""

    def __init__(self) -> None:
        super().__init__()
        self.user("ada", "ada@agency.example", "Ada Lovelace")
        self.user("ben", BENS, "Ben Okafor")

    def user(self, name: str, email: str, shown: str) -> None:
        self.store.commit([Put(keys.user(HERE, UserId(name)), User(UserId(name), Address(email), shown))])

    def people(self, count: int) -> list[dict[str, str]]:
        """Recipients who are contacts `c0`, `c1`, ..."""
        for at in range(count):
            self.contact(f"c{at}", f"c{at}@customer.example")
        return [{"address": f"c{at}@customer.example"} for at in range(count)]

    def bulk(self, to: list[dict[str, str]], *, key: str = "bulk", **more: Any) -> MessageId:
        return self.accept({"kind": "bulk", "to": to, **more}, key=key, user=CRM, service=True).id

    def own_provider(self, location: LocationId = HERE) -> None:
        key = keys.location(location)
        settings = self.store.read(key).value(key)
        assert settings
        self.store.commit([Put(key, replace(settings, provider=OWN))])

    def inside(self, name: str, email: str) -> None:
        """Somebody internal: `user:x`, `mailbox:x`."""
        address = Address(email)
        self.store.commit([Put(keys.address(HERE, address), AddressEntry(internal={name: address}))])

    def fault(self, at: str, **how: Any) -> None:
        self.provider.faults.append(ProviderFault(at, **how))

    def taken(self) -> list[EmailMessage]:
        return [message_from_bytes(one.raw, policy=policy.default) for one in self.provider.taken]

    def reached(self) -> list[str]:
        """Everybody who got a mail, in order."""
        return [one for taken in self.provider.taken for one in taken.rcpt_to]

    def rows(self, name: MessageId, *, start: int = 0, limit: int = 100) -> list[Reached]:
        return list_recipients(HERE, name, start=start, limit=limit, store=self.store)[0]

    def statuses(self, name: MessageId) -> dict[str, str]:
        return {row.address: str(row.status) for row in self.rows(name)}

    def types(self) -> list[tuple[str, str]]:
        return [(event.type, str(event.details["conversation"])) for event in self.topics.announced]
