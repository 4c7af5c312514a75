"""An office whose users have auto-BCC addresses, and the mail that comes to them, in memory."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from shared.domain import keys
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.domain.location import Contact
from shared.domain.message import Conversation, Message
from shared.domain.quarantine import Quarantined
from shared.ports.inbound_mail import Arrival
from shared.ports.store import Query
from shared.usecases.auto_bcc_address import auto_bcc_address
from shared.usecases.capture_mail import capture_mail
from shared.usecases.capturing import Capturing
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.put_location import put_location
from tests.fakes.blobs import FakeBlobs
from tests.unit.usecases.office import ANN, HERE, Office, address

DOMAIN = "in.crm.example"
RECEIVER = "mx.crm.example"
ANNS_CRM = "ann@crm.example"
CARL = "carl@customer.example"


class Mailroom(Office):
    """`bring` is the receiver's request: its envelope, its verdict on top of the mail."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs = FakeBlobs(self.clock.now)
        self.ports = Capturing(self.store, self.blobs, self.topics, self.patience, DOMAIN)
        self.brought = 0

    def address(self, user: UserId = ANN, location: LocationId = HERE) -> str:
        found = auto_bcc_address(self.store, location, user, domain=DOMAIN, patience=self.patience)
        assert found
        return found

    def policy(self, location: LocationId = HERE, **settings: object) -> None:
        put_location(
            self.store, location, name="Office", preset="known_contacts", settings=settings, patience=self.patience
        )

    def contact(self, who: str, email: str = CARL, location: LocationId = HERE, **more: Any) -> None:
        draft = replace(ContactDraft(ContactId(who), address(email)), **more)
        put_contact(self.store, location, draft, patience=self.patience)

    def bring(
        self,
        mail: EmailMessage | bytes,
        *to: str,
        sender: str = ANNS_CRM,
        verdict: str = "dmarc=pass header.from=crm.example",
        name: str = "",
    ) -> dict[str, int]:
        self.brought += 1
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        judged = f"Authentication-Results: {RECEIVER}; {verdict}\r\n".encode() + raw
        named = name or f"arrival-{self.brought}"
        return dict(capture_mail(self.ports, Arrival(named, sender, to or (self.address(),), judged, RECEIVER)))

    def letter(self, to: str = CARL, subject: str = "Offer", *, sender: str = ANNS_CRM, **headers: str) -> EmailMessage:
        self.brought += 1
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        mail["Date"] = format_datetime(self.clock.now() - timedelta(seconds=2))
        mail["Message-ID"] = headers.pop("message_id", f"<{self.brought}@mail.example>")
        for header, value in headers.items():
            mail[header.replace("_", "-")] = value
        mail.set_content("As we said.")
        return mail

    def messages(self, location: LocationId = HERE) -> list[Message]:
        found = self.store.find(Query(keys.messages(location), limit=1000))
        return [stored.value for stored in found if not stored.value.alias_of]

    def message(self, location: LocationId = HERE) -> Message:
        (one,) = self.messages(location)
        return one

    def record(self, name: str, location: LocationId = HERE) -> Contact | None:
        key = keys.contact(location, ContactId(name))
        return self.store.read(key).value(key)

    def conversation(self, name: str, location: LocationId = HERE) -> Conversation | None:
        key = keys.conversation(location, ContactId(name))
        return self.store.read(key).value(key)

    def held(self, location: LocationId = HERE) -> list[Quarantined]:
        return [stored.value for stored in self.store.find(Query(keys.quarantine(location), limit=1000))]
