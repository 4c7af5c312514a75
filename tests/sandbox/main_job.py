"""The main job as a client sees it: connect, mail in, an answer from the CRM, the contact's answer back."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from tests.client.crm import Crm
from tests.client.endpoints import Endpoints, connect
from tests.client.gmail import raw
from tests.client.wire import until
from tests.sandbox.cast import Cast
from tests.sandbox.letters import Letter

Row = dict[str, Any]
LOCATION = "demo"
DECIDED = frozenset({"stored", "left_out", "gone", "parked"})
DECIDED_WITHIN_S = 60.0
SENT_WITHIN_S = 30.0
# Not faster: about what is not decided yet, explain asks Gmail, which has a quota.
LOOK_EVERY_S = 0.5
INBOX = ("INBOX", "UNREAD")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one letter: explain's item, and the message where it was stored."""

    letter: Letter
    gmail_id: str
    item: Row
    message: Row | None

    @property
    def decision(self) -> str:
        """stored, left_out, gone, parked; not_seen if nothing happened in time."""
        return str(self.item["decision"])


@dataclass(frozen=True, slots=True)
class MainJob:
    """The acts of the main job, each waiting until what it does shows; AssertionError where it does not in time."""

    endpoints: Endpoints
    cast: Cast
    crm: Crm

    @classmethod
    def begin(cls, endpoints: Endpoints, cast: Cast) -> "MainJob":
        """Makes the location, its people and the user's Gmail account."""
        backend = endpoints.crm("crm-backend", LOCATION, "service")
        backend.put_location("Demonstration")
        for person in (cast.user, *cast.colleagues):
            backend.put_user(person.id, person.email, name=person.name)
        for person in cast.contacts:
            backend.put_contact(person.id, person.email, name=person.name)
        endpoints.control().add_mailbox(cast.user.email, name=cast.user.name)
        return cls(endpoints, cast, endpoints.crm(cast.user.id, LOCATION))

    def connect(self) -> Row:
        """The user's consent → Connection."""
        return connect(self.endpoints, self.crm, self.cast.user.email)

    def deliver(self, letters: Sequence[Letter]) -> Iterator[Fate]:
        """All letters arrive; then, in their order, what became of each."""
        gmail, mailbox = self.endpoints.control(), self.cast.user.email
        arrived = []
        for letter in letters:
            labels = ",".join(letter.expected.labels if letter.expected else INBOX)
            arrived.append((letter, str(gmail.deliver(mailbox, letter.raw, labels=labels)["id"])))
        for letter, gmail_id in arrived:
            yield self._fate(letter, gmail_id)

    def _fate(self, letter: Letter, gmail_id: str) -> Fate:
        item: Row = {"decision": "not_seen", "rule": None, "message": None}

        def look() -> bool:
            item.update(next(iter(self.crm.explain(gmail_id=gmail_id)), {}))
            return item["decision"] in DECIDED

        try:
            until(look, within_s=DECIDED_WITHIN_S, every_s=LOOK_EVERY_S)
        except AssertionError:
            return Fate(letter, gmail_id, item, None)
        message = self.crm.message(item["message"]) if item["decision"] == "stored" else None
        return Fate(letter, gmail_id, item, message)

    def refers(self, contact: str, fate: Fate) -> bool:
        """Whether a contact's conversation has a reference to the stored mail."""
        name = fate.message["id"] if fate.message else ""
        return any(row["id"] == name and row["reference"] for row in self.crm.messages(contact, limit=100))

    def may_be_answered(self, message: Row) -> bool:
        """Whether the contact whose conversation it is wrote it with their own hands."""
        (contact,) = (one for one in self.cast.contacts if one.id == message["conversation"])
        return message["from"]["address"] == contact.email and not message["automatic"]

    def reply(self, to: Row) -> Row:
        """Answers a message from the CRM → the message, once Gmail has taken it."""
        mail = {
            "to": [{"address": to["from"]["address"]}],
            "subject": f"Re: {to['subject'] or ''}".strip(),
            "text": f"Thank you for your mail. {self.cast.user.name}",
            "reply_to": to["id"],
            "contact": to["conversation"],
        }
        accepted = self.crm.send(f"demo-{uuid.uuid4().hex}", mail)

        def look() -> Row | None:
            message = self.crm.message(accepted["id"])
            return message if message["status"] in {"sent", "failed", "unknown"} else None

        return until(look, within_s=SENT_WITHIN_S, what="the reply in Gmail")

    def in_sent(self, message: Row) -> list[Row]:
        """The Sent folder's copies of a message."""
        marks = (message["message_id"] or "-").encode()
        return [row for row in self.endpoints.control().sent(self.cast.user.email) if marks in raw(row)]

    def answer(self, to: Row, sender: str) -> Row:
        """The contact answers a message in their own mail program → the message that the CRM has of it."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, self.cast.user.email, to["subject"]
        mail["Message-ID"] = f"<{uuid.uuid4().hex}@{sender.rpartition('@')[2]}>"
        mail["In-Reply-To"] = mail["References"] = to["message_id"]
        mail.set_content("Thank you, that answers it.")
        gmail_id = self.endpoints.control().deliver(self.cast.user.email, mail)["id"]

        def look() -> Row | None:
            items = self.crm.messages(to["conversation"])
            return next((row for row in items if (row["gmail"] or {}).get("id") == gmail_id), None)

        return until(look, within_s=SENT_WITHIN_S, what="the contact's answer in the conversation")
