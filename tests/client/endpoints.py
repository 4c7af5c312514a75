"""A running stack as `endpoints.json` tells of it: callers with tokens, consents, what has happened."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.client.crm import Crm
from tests.client.gmail import Gmail
from tests.client.wire import Answer, call, ok

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a stack listens, as `.run/endpoints.json` tells; `seed` is its demonstration."""

    functions: dict[str, str]
    gmail: str
    issuer: str
    return_to: str
    provider: str
    events: str
    seed: Row
    mx: str = ""

    @classmethod
    def read(cls, path: Path) -> "Endpoints":
        """The endpoints of the stack that wrote `path`."""
        return cls(**json.loads(path.read_text()))

    def control(self) -> Gmail:
        """The simulator's control interface."""
        return Gmail(self.gmail)

    def token(self, sub: str, locations: list[str], role: str = "user", **more: object) -> str:
        """A token from the stack's issuer."""
        body = {"sub": sub, "locations": locations, "role": role, **more}
        return str(ok(call("POST", f"{self.issuer.rstrip('/')}/tokens", body=body), "POST tokens")["token"])

    def crm(self, sub: str, location: str, role: str = "user", **more: object) -> Crm:
        """A caller with a token for one location."""
        return self.crm_with(self.token(sub, [location], role, **more), location)

    def crm_with(self, token: str, location: str) -> Crm:
        """The holder of this token."""
        return Crm(self.functions, location, token)

    def happened(self, kind: str | None = None, location: str | None = None) -> list[Row]:
        """The events received so far, newest last."""
        items: list[Row] = ok(call("GET", self.events), "GET events")["items"]
        return [e for e in items if kind in {None, e["type"]} and location in {None, e["location"]}]

    def provided(self) -> list[Row]:
        """The mails that the location's provider took."""
        return list(ok(call("GET", self.provider), "GET provider")["items"])

    def capture(self, mail: bytes, *to: str, sender: str = "", authentication: str = "pass") -> Answer:
        """Brings a mail to the auto-BCC addresses as the stack's mail exchange does → the function's answer."""
        query = urlencode([("from", sender), *(("to", one) for one in to), ("authentication", authentication)])
        kind = {"Content-Type": "message/rfc822"}
        return call("POST", f"{self.mx.rstrip('/')}/?{query}", body=mail, headers=kind)

    def run_schedule(self, function: str) -> Row:
        """Scheduled work now → its counts."""
        return dict(ok(call("POST", f"{self.functions[function].rstrip('/')}/", body={}), function))


def return_from_consent(
    endpoints: Endpoints, crm: Crm, mailbox: str, *, intent: str = "connect", **consent: object
) -> tuple[Answer, dict[str, str]]:
    """Begins a consent and agrees to it at Google → the callback's answer, and what it brought back to the CRM page."""
    begun = crm.begin_consent(endpoints.return_to, intent)
    callback = call("GET", endpoints.control().consent(begun["authorize_url"], mailbox, **consent))
    came_back = parse_qs(urlsplit(callback.headers.get("Location", "")).query)
    return callback, {name: values[0] for name, values in came_back.items()}


def connect(endpoints: Endpoints, crm: Crm, mailbox: str, *, intent: str = "connect", **consent: object) -> Row:
    """The whole consent, headless → Connection."""
    callback, came_back = return_from_consent(endpoints, crm, mailbox, intent=intent, **consent)
    if "connect_code" not in came_back:
        raise AssertionError(f"no connect_code: {callback.status} {came_back} {callback.body[:500]!r}")
    return crm.complete(came_back["connect_code"])
