"""Google's side of the wire, from a script, under the real adapter."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import urllib3

from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes
from shared.adapters.gmail.client import GmailClient
from shared.adapters.gmail.transport import Deadlines
from shared.domain.addresses import Address
from shared.domain.identifiers import MailboxId
from shared.domain.mailbox import Grant, Mailbox
from tests.fakes.sealer import FakeSealer

NAME = MailboxId("m")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL = {"id": "m1", "threadId": "t1", "internalDate": "1767225600000", "historyId": "7", "labelIds": ["INBOX"]}
Step = urllib3.BaseHTTPResponse | Exception


def answer(status: int, body: bytes | dict[str, Any], **headers: str) -> urllib3.HTTPResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return urllib3.HTTPResponse(io.BytesIO(content), headers=headers, status=status, preload_content=False)


class Wire:
    """A pool that answers from a script; `renewals` says what the token endpoint answers."""

    def __init__(self, *steps: Callable[[], Step]) -> None:
        self.steps, self.calls, self.forms = list(steps), 0, list[dict[str, str]]()
        self.bearers: list[str] = []
        self.renewals: list[dict[str, Any] | bytes] = []

    def request(self, _: str, __: str, *, body: str, **___: object) -> urllib3.BaseHTTPResponse:
        self.forms.append({name: values[0] for name, values in parse_qs(body).items()})
        told = self.renewals.pop(0) if self.renewals else {"access_token": f"a{len(self.forms)}", "expires_in": 3600}
        return answer(200, told)

    def urlopen(self, *_: object, headers: dict[str, str], **__: object) -> urllib3.BaseHTTPResponse:
        self.calls += 1
        self.bearers.append(headers["authorization"])
        step = (self.steps.pop(0) if len(self.steps) > 1 else self.steps[0])()
        if isinstance(step, Exception):
            raise step
        return step


def mailbox(version: int = 1) -> Mailbox:
    sealed = FakeSealer().seal(f"refresh-{version}", owner=NAME, purpose="refresh-token")
    return Mailbox(NAME, "google-sub", Address("ada@agency.example"), grant=Grant(sealed, version))


def access(wire: Wire, now: Callable[[], datetime] = lambda: NOW) -> GoogleMailboxes:
    client = GoogleClient("client", "secret", "https://oauth.example/token", "https://gmail.example/")
    made = GoogleMailboxes(client, FakeSealer(), now, Deadlines(repeats=(0.0, 0.0, 0.0)))
    made._pool, made._users = wire, users()  # type: ignore[assignment]
    return made


@cache
def users() -> Any:
    """The API's resource, which takes long to build."""
    client = GoogleClient("client", "secret", "https://oauth.example/token", "https://gmail.example/")
    return GoogleMailboxes(client, FakeSealer(), lambda: NOW)._users


def gmail(wire: Wire) -> GmailClient:
    return access(wire).open(mailbox())
