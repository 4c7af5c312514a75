"""The world of a sync with the way out beside it: mails are accepted, delivered, cut off, settled."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from shared.domain import keys
from shared.domain.addresses import Address, Person
from shared.domain.draft import draft_of
from shared.domain.identifiers import NO_TRACE, MessageId, TraceId, UserId
from shared.domain.mailbox import Mailbox
from shared.domain.message import Message
from shared.domain.outbox import OutboxEntry
from shared.domain.provider import Provider, Security
from shared.ports.form import FormPart
from shared.ports.store import Put
from shared.usecases.accept_send import Accepted, Asked, accept_send, entry_id
from shared.usecases.contended import Patience
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.delivery import Delivery, Outcome
from shared.usecases.receive_mail import receive_mail
from shared.usecases.reconcile import reconcile
from shared.usecases.retry_send import Retrying, retry_send
from tests.fakes.chance import FakeChance
from tests.fakes.gmail import FakeGmailAccess, FakeMailbox
from tests.fakes.provider import FakeProvider
from tests.fakes.sealer import FakeSealer
from tests.fakes.sender import FakeSender
from tests.unit.inbound import HERE, World

CARL = "carl@customer.example"
USER = UserId("ada")
PROVIDER = Provider(
    "mail.example", 587, Security.STARTTLS, Person("Agency Mailer", Address("mailer@provider.example")), "sandbox"
)
MAIL = {"to": [{"address": CARL}], "subject": "An offer", "text": "Take it."}


@dataclass
class SendingAccess:
    """Opens accounts as the other fake does, and the one way out."""

    reading: FakeGmailAccess
    way_out: FakeSender

    def open(self, mailbox: Mailbox) -> FakeMailbox:
        return self.reading.open(mailbox)

    def open_with(self, refresh_token: str) -> FakeMailbox:
        return self.reading.open_with(refresh_token)

    def sender(self, mailbox: Mailbox) -> FakeSender:
        self.reading.open(mailbox)
        return self.way_out


class Outbound(World):
    """`send` accepts, `deliver` takes an entry a step further, `drain` lets timers and workers run for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.contact("carl", CARL)
        self.sender = FakeSender(self.gmail)
        self.chance = FakeChance()
        self.patience = Patience(self.clock, self.chance)
        access = SendingAccess(self.access, self.sender)
        self.provider = FakeProvider()
        self.default: Provider | None = PROVIDER
        self.trace: TraceId = NO_TRACE
        self.delivery = Delivery(
            self.store, self.topics, self.blobs, access, FakeSealer(), self.patience, self.provider, PROVIDER
        )

    def accept(
        self,
        mail: dict[str, Any] | None = None,
        *files: FormPart,
        key: str = "key-1",
        user: UserId = USER,
        service: bool = False,
    ) -> Accepted:
        asked = {**MAIL, **(mail or {})}
        asked = {name: value for name, value in asked.items() if value is not None}
        parts = [json_part(asked), *files]
        folder = f"locations/{HERE}/outbox/{entry_id(HERE, user, key)}/{self.chance.token()}"
        received = receive_mail(parts, self.blobs, folder=folder)
        draft = draft_of(received.content or b"")
        given = Asked(HERE, user, key, draft, service, self.trace)
        return accept_send(
            given, received, store=self.store, topics=self.topics, patience=self.patience, default=self.default
        )

    def deliver(self, name: MessageId) -> Outcome:
        return deliver_entry(name, self.delivery)

    def send(self, mail: dict[str, Any] | None = None, *files: FormPart, key: str = "key-1") -> MessageId:
        accepted = self.accept(mail, *files, key=key)
        self.deliver(accepted.id)
        return accepted.id

    def retry(self, name: MessageId, was_sent: bool | None = None, *, user: UserId = USER) -> None:
        retry_send(Retrying(HERE, user, name, was_sent), store=self.store, topics=self.topics, patience=self.patience)

    def drain(self, minutes: int = 60, *, syncing: bool = True) -> None:
        """The schedule's runs of that many minutes, with everything that they publish done."""
        for _ in range(minutes):
            self.topics.delivered.clear()
            self.topics.woken.clear()
            reconcile(self.store, self.topics, self.clock)
            if syncing:
                for _ in list(self.topics.woken):
                    self.wake()
            while self.topics.delivered:
                self.deliver(self.topics.delivered.pop(0))
            self.clock.advance(minutes=1)

    def entry(self, name: MessageId) -> OutboxEntry:
        found = self.store.read(keys.outbox(name)).value(keys.outbox(name))
        assert found
        return found

    def shown(self, name: MessageId) -> Message:
        found = self.message(name)
        assert found
        return found

    def entry_id(self, key: str = "key-1") -> MessageId:
        return entry_id(HERE, USER, key)

    def sent(self) -> list[str]:
        """The raw mails in the Sent folder."""
        return [mail.raw for mail in self.gmail.mails.values() if "SENT" in mail.labels]

    def used(self) -> int:
        return sum(self.mailbox.sent.values())

    def change_mailbox(self, **fields: Any) -> None:
        self.store.commit([Put(keys.mailbox(self.mailbox_id), replace(self.mailbox, **fields))])


def json_part(mail: Any, content_type: str = "application/json") -> FormPart:
    return FormPart("mail", None, content_type, None, iter([json.dumps(mail).encode()]))


def file_part(
    name: str, content: bytes, content_type: str = "application/octet-stream", content_id: str | None = None
) -> FormPart:
    def blocks() -> Iterator[bytes]:
        for at in range(0, len(content), 50_000):
            yield content[at : at + 50_000]

    return FormPart("file", name, content_type, content_id, blocks())


def once(error: Exception) -> Callable[[str], None]:
    """Raises on the first upload only."""
    left = [error]

    def fail(call: str) -> None:
        if call == "finish" and left:
            raise left.pop()

    return fail
