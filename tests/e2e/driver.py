"""What a test of the running stack begins with: an office of its own, its mails, and how to wait for them."""

import uuid
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from tests.client.crm import Crm
from tests.client.endpoints import Endpoints, connect, return_from_consent
from tests.client.gmail import Gmail, raw
from tests.client.wire import Answer, File, call, ok, until

__all__ = [
    "Answer", "Crm", "Endpoints", "File", "Gmail", "Office", "call", "connect", "mail", "new_id", "new_office", "ok",
    "raw", "return_from_consent", "until",
]  # fmt: skip

Row = dict[str, Any]
# Tests move the clock by hours and days; their tokens are to outlast that.
A_MONTH_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Office:
    """One location with one user, that user's Gmail account, and one contact; all ids and addresses its own."""

    endpoints: Endpoints
    location: str
    backend: Crm
    user: str
    crm: Crm
    mailbox: str
    contact: str
    contact_email: str

    @property
    def gmail(self) -> Gmail:
        """The simulator's control interface."""
        return self.endpoints.control()

    def arrives(self, subject: str = "Question", text: str = "Hello", **more: str) -> Row:
        """The contact writes to the user → {id, threadId, historyId}."""
        made = mail(more.pop("sender", self.contact_email), more.pop("to", self.mailbox), subject, text, **more)
        return self.gmail.deliver(self.mailbox, made)

    def stored(self, gmail_id: str, *, within_s: float = 20.0) -> Row:
        """The message that a Gmail id became, once it is there."""

        def look() -> Row | None:
            items = self.crm.messages(self.contact)
            return next((m for m in items if (m["gmail"] or {}).get("id") == gmail_id), None)

        return until(look, within_s=within_s, what=f"the message of Gmail id {gmail_id}")

    def decided(self, gmail_id: str, decision: str, *, within_s: float = 20.0) -> Row:
        """explain's item for a Gmail id, once it says `decision`."""

        def look() -> Row | None:
            return next((e for e in self.crm.explain(gmail_id=gmail_id) if e["decision"] == decision), None)

        return until(look, within_s=within_s, what=f"decision {decision} on Gmail id {gmail_id}")

    def settled(self, message: str, status: str = "sent", *, within_s: float = 20.0) -> Row:
        """The message, once it has `status`."""

        def look() -> Row | None:
            seen = self.crm.message(message)
            return seen if seen["status"] == status else None

        return until(look, within_s=within_s, what=f"status {status} of message {message}")


def new_id(kind: str) -> str:
    """An id that no other test has."""
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def mail(sender: str, to: str, subject: str, text: str, **headers: str) -> EmailMessage:
    """A plain mail; further headers by name, `_` for `-` (in_reply_to=...). A Message-ID is made if none is given."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = headers.pop("message_id", f"<{uuid.uuid4().hex}@mail.example>")
    for name, value in headers.items():
        made[name.replace("_", "-").title()] = value
    made.set_content(text)
    return made


def new_office(endpoints: Endpoints, *, connected: bool = True) -> Office:
    """A location of its own for one test, with a user, an account and a contact."""
    location, user, contact = new_id("loc"), new_id("user"), new_id("contact")
    mailbox, contact_email = f"{user}@agency.example", f"{contact}@customer.example"
    backend = endpoints.crm("backend", location, "service", expires_s=A_MONTH_S)
    backend.put_location(name="Office")
    backend.put_user(user, mailbox, name="Uma User")
    backend.put_contact(contact, contact_email, name="Carl Contact")
    endpoints.control().add_mailbox(mailbox, name="Uma User")
    crm = endpoints.crm(user, location, expires_s=A_MONTH_S)
    office = Office(endpoints, location, backend, user, crm, mailbox, contact, contact_email)
    if connected:
        connect(endpoints, office.crm, mailbox)
    return office
