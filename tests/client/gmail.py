"""The Gmail simulator's control interface, as the contract gives it."""

import base64
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from tests.client.wire import Answer, call, ok

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gmail:
    """The control interface below `{url}/control`; its answers as JSON objects, refusals raised."""

    url: str

    def ask(self, method: str, path: str, *, body: Any = None, query: Row | None = None) -> Answer:
        """One call of the control interface, whatever its answer."""
        headers = {"Content-Type": "message/rfc822"} if isinstance(body, bytes) else {}
        return call(method, f"{self.url.rstrip('/')}/control/{path}", body=body, query=query, headers=headers)

    def _did(self, method: str, path: str, *, body: Any = None, query: Row | None = None) -> Any:
        return ok(self.ask(method, path, body=body, query=query), f"{method} control/{path}")

    def add_mailbox(self, email: str, **more: object) -> Row:
        """A new account: name, hosted_domain, aliases → {email, sub}."""
        return dict(self._did("POST", "mailboxes", body={"email": email, **more}))

    def deliver(
        self, email: str, mail: EmailMessage | bytes, *, labels: str = "INBOX,UNREAD", internal_date: str | None = None
    ) -> Row:
        """A mail arrives → {id, threadId, historyId}."""
        path = f"mailboxes/{quote(email)}/deliver"
        return dict(self._did("POST", path, body=bytes(mail), query={"labels": labels, "internal_date": internal_date}))

    def send(self, email: str, mail: EmailMessage | bytes, *, thread_id: str | None = None) -> Row:
        """The account's owner sends from Gmail itself → {id, threadId, historyId}."""
        return dict(
            self._did("POST", f"mailboxes/{quote(email)}/send", body=bytes(mail), query={"threadId": thread_id})
        )

    def act(self, email: str, what: str, **body: object) -> Row:
        """`what`: draft, labels, delete, password or expire_history, with the fields of the contract."""
        return dict(self._did("POST", f"mailboxes/{quote(email)}/{what}", body=body) or {})

    def messages(self, email: str, *, label: str | None = None) -> list[Row]:
        """All messages, or those with one label, oldest first."""
        return list(self._did("GET", f"mailboxes/{quote(email)}/messages", query={"label": label})["items"])

    def sent(self, email: str) -> list[Row]:
        """What lies in the Sent folder, oldest first."""
        return list(self._did("GET", f"mailboxes/{quote(email)}/sent")["items"])

    def consent(self, authorize_url: str, email: str, **more: object) -> str:
        """The user agrees (grant: scopes, deny: bool) → where Google sends the browser, not yet opened."""
        body = {"authorize_url": authorize_url, "email": email, **more}
        return str(self._did("POST", "consent", body=body)["redirect_to"])

    def fault(self, method: str, **how: object) -> None:
        """Makes calls of one method fail: email, after, times, status, reason, retry_after, delay_ms, drop."""
        self._did("POST", "faults", body=[{"method": method, **how}])

    def end_faults(self) -> None:
        """From now on nothing fails on purpose."""
        self._did("DELETE", "faults")

    def pushes(self, **how: object) -> None:
        """Disturbs notifications from now on: lose, duplicate, delay_ms, reorder, hold."""
        self._did("POST", "pushes", body=how)

    def end_pushes(self) -> None:
        """Undisturbed again; what was held goes out."""
        self._did("DELETE", "pushes")

    def quota(self, **limits: object) -> None:
        """units_per_minute, concurrent, sends_per_day; None lifts a limit."""
        self._did("POST", "quota", body=limits)

    def usage(self, email: str | None = None) -> Row:
        """Calls, units and bytes for each method."""
        return dict(self._did("GET", "usage", query={"email": email}))

    def forget_usage(self) -> None:
        """Counts from nothing again."""
        self._did("DELETE", "usage")

    def calls(self, email: str | None = None, method: str | None = None) -> list[Row]:
        """Each call so far, oldest first: at, method, email, id, format, status."""
        return list(self._did("GET", "calls", query={"email": email, "method": method})["items"])

    def advance(self, seconds: float) -> str:
        """Moves the stack's clock → the new time."""
        return str(self._did("POST", "clock", body={"advance_s": seconds})["now"])


def raw(row: Row) -> bytes:
    """The mail behind a row of `messages` or of the provider's sink."""
    return base64.urlsafe_b64decode(row["raw"] + "==")
