"""What a CRM does with the product: every call of the contract, for the holder of one token."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.client.wire import Answer, File, call, ok, part

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Crm:
    """One caller in one location. `functions` holds the base URL of each function."""

    functions: dict[str, str]
    location: str
    token: str | None

    def in_location(self, location: str) -> "Crm":
        """The same caller asking in another location."""
        return replace(self, location=location)

    def ask(self, method: str, function: str, path: str = "", *, body: Any = None, **query: object) -> Answer:
        """One call under the location at one function, whatever its answer."""
        url = f"{self.functions[function].rstrip('/')}/locations/{self.location}{path}"
        return call(method, url, token=self.token, body=body, query=query)

    def _did(self, method: str, function: str, path: str = "", *, body: Any = None, **query: object) -> Any:
        answer = self.ask(method, function, path, body=body, **query)
        return ok(answer, f"{method} {function} /locations/{self.location}{path}")

    def put_location(self, name: str = "Head office", **more: object) -> Row:
        """Role service: creates or replaces the location."""
        return dict(self._did("PUT", "records", body={"name": name, **more}))

    def put_user(self, user: str, email: str, **more: object) -> Row:
        """Role service: creates or replaces a user."""
        return dict(self._did("PUT", "records", f"/users/{user}", body={"email": email, **more}))

    def put_contact(self, contact: str, email: str, **more: object) -> Row:
        """Role service: creates or replaces a contact."""
        return dict(self._did("PUT", "records", f"/contacts/{contact}", body={"email": email, **more}))

    def begin_consent(self, return_to: str, intent: str = "connect") -> Row:
        """→ {authorize_url, expires_at}."""
        body = {"return_to": return_to, "intent": intent}
        return dict(self._did("POST", "connections", "/connection/consent", body=body))

    def complete(self, connect_code: str) -> Row:
        """Finishes a consent → Connection."""
        return dict(self._did("POST", "connections", "/connection/complete", body={"connect_code": connect_code}))

    def connection(self) -> Row:
        """The caller's own connection."""
        return dict(self._did("GET", "connections", "/connection"))

    def settings(self, exclusions: Sequence[str] = (), *, signature: bool = False) -> Row:
        """Chooses for the caller's own connection → Connection."""
        body = {"exclusions": list(exclusions), "signature": signature}
        return dict(self._did("PUT", "connections", "/connection/settings", body=body))

    def rotate_auto_bcc(self) -> Row:
        """Another auto-BCC address for the caller → Connection."""
        return dict(self._did("POST", "connections", "/connection/auto_bcc", body={}))

    def quarantine(self, **query: object) -> list[Row]:
        """The caller's auto-BCC mail that was not filed, newest first, one page."""
        return list(self._did("GET", "conversations", "/quarantine", **query)["items"])

    def settle(self, mail: str, act: str) -> Answer:
        """Files or drops a mail of the quarantine."""
        return self.ask("POST", "conversations", f"/quarantine/{mail}", body={"act": act})

    def disconnect(self, keep: str = "all") -> Row:
        """Ends the caller's connection."""
        return dict(self._did("DELETE", "connections", "/connection", keep=keep))

    def conversations(self, **query: object) -> list[Row]:
        """Newest first, one page."""
        return list(self._did("GET", "conversations", "/conversations", **query)["items"])

    def messages(self, conversation: str, **query: object) -> list[Row]:
        """Newest first, one page; empty while the conversation does not exist."""
        answer = self.ask("GET", "conversations", f"/conversations/{conversation}/messages", **query)
        return [] if answer.status == 404 else list(ok(answer, f"messages of {conversation}")["items"])

    def message(self, message: str) -> Row:
        """One message."""
        return dict(self._did("GET", "conversations", f"/messages/{message}"))

    def attachment(self, message: str, attachment: str) -> Answer:
        """The bytes of one attachment, with their headers."""
        return self.ask("GET", "conversations", f"/messages/{message}/attachments/{attachment}")

    def mark_read(self, conversation: str) -> None:
        """Nothing is unread in it from now on."""
        self._did("POST", "conversations", f"/conversations/{conversation}/read")

    def flag(self, message: str, **flags: bool) -> Row:
        """Marks one message read or unread, starred or not → Message."""
        return dict(self._did("POST", "conversations", f"/messages/{message}/flags", body=flags))

    def move_claim(self, message: str, to: str | None) -> Answer:
        """The message's thread for another location, or for none."""
        return self.ask("POST", "conversations", f"/messages/{message}/claim", body={"to": to})

    def explain(self, **which: str) -> list[Row]:
        """Why something was stored or not: gmail_id, message_id or address."""
        return list(self._did("GET", "conversations", "/explain", **which)["items"])

    def post_mail(self, key: str, mail: Row, files: Sequence[File] = ()) -> Answer:
        """Sends with an idempotency key, whatever the answer."""
        form = [part("mail", json.dumps(mail).encode(), "application/json")]
        form += [part("file", one.content, one.content_type, filename=one.name) for one in files]
        url = f"{self.functions['send_email'].rstrip('/')}/locations/{self.location}/messages"
        return call("POST", url, token=self.token, headers={"Idempotency-Key": key}, form=form)

    def send(self, key: str, mail: Row, files: Sequence[File] = ()) -> Row:
        """Sends → {id, conversation, status, warnings}."""
        return dict(ok(self.post_mail(key, mail, files), "send_email"))

    def retry(self, message: str, **how: bool) -> Answer:
        """Sends a failed or doubtful mail again, or says that it was sent."""
        return self.ask("POST", "send_email", f"/messages/{message}/retry", body=how)
