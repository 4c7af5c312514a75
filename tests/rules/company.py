"""A company in memory, whose users send from the CRM too, and file mail by auto-BCC."""

from typing import Any

from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.quarantine import Quarantined
from shared.ports.form import FormPart
from shared.ports.inbound_mail import Arrival
from shared.usecases.accept_send import Accepted, Asked, accept_send, entry_id
from shared.usecases.auto_bcc_address import auto_bcc_address
from shared.usecases.capture_mail import capture_mail
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.list_quarantine import list_quarantine
from shared.usecases.receive_mail import receive_mail
from tests.rules.letters import Letter
from tests.rules.premises import DOMAIN, PRESETS, Premises
from tests.unit.outbound import json_part
from tests.unit.usecases.office import ANN, HERE

__all__ = ["PRESETS", "Company"]


class Company(Premises):
    """What the users of a company do besides writing in Gmail."""

    def asks_to_send(
        self,
        mail: dict[str, Any],
        *files: FormPart,
        key: str,
        user: UserId = ANN,
        location: LocationId = HERE,
    ) -> Accepted:
        folder = f"locations/{location}/outbox/{entry_id(location, user, key)}/{self.chance.token()}"
        received = receive_mail([json_part(mail), *files], self.blobs, folder=folder)
        asked = Asked(location, user, key, draft_of(received.content or b""))
        return accept_send(
            asked, received, store=self.store, topics=self.topics, patience=self.patience, default=self.default
        )

    def capture_address(self, user: UserId = ANN, location: LocationId = HERE) -> str:
        found = auto_bcc_address(self.store, location, user, domain=DOMAIN, patience=self.patience)
        assert found
        return found

    def files(self, letter: Letter, address_used: str = "", *, proof: str = "dmarc=pass") -> dict[str, int]:
        """The receiver of the auto-BCC addresses brings a mail, with its own verdict on it on top."""
        self.clock.advance(minutes=1)
        raw = letter.raw(self.clock.now(), sent=False).encode()
        domain = letter.sender.rpartition("@")[2]
        judged = f"Authentication-Results: mx.crm.example; {proof} header.from={domain}\r\n".encode() + raw
        used = address_used or self.capture_address()
        arrival = Arrival(f"arrival-{letter.name}", letter.sender, (used,), judged, "mx.crm.example")
        return dict(capture_mail(self.capturing, arrival))

    def held(self, user: UserId = ANN, location: LocationId = HERE) -> list[Quarantined]:
        return list_quarantine(self.store, location, user, now=self.clock.now(), limit=100, after=None)

    def send(
        self,
        to: str,
        *,
        key: str = "key-1",
        user: UserId = ANN,
        location: LocationId = HERE,
        sender: str = "",
        **mail: Any,
    ) -> MessageId:
        """A mail from the CRM, accepted, delivered and synced."""
        self.clock.advance(minutes=1)
        plain = {"to": [{"address": to}], "subject": "An offer", "text": "Take it."}
        named = {"from": sender} if sender else {}
        accepted = self.asks_to_send({**plain, **named, **mail}, key=key, user=user, location=location)
        deliver_entry(accepted.id, self.delivery)
        self.sync()
        return accepted.id
