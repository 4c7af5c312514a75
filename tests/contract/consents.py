"""People who consent: at Google's authorization server in memory, and at a server that behaves as Google's."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import urllib3

from shared.adapters.gmail.grants import ConsentClient, GoogleGrants
from shared.adapters.gmail.identity import Identities
from shared.domain.connection import SCOPES
from shared.errors import Transient
from shared.ports.gmail import Granted, Grants
from tests.fakes.grants import FakeGrants
from tests.simulator.running import Running

BACK = "http://127.0.0.1:1/back"
VERIFIER = "v" * 43


def s256(verifier: str) -> str:
    """PKCE's challenge for a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def exchanged(grants: Grants, code: str, *, verifier: str = VERIFIER, nonce: str = "n") -> Granted:
    """What a code brings; the verifier and the nonce are the right ones unless given."""
    return grants.exchange(code=code, verifier=verifier, nonce=nonce, now=datetime.now(UTC))


class Consents(Protocol):
    """The port, and the people on the other side of it."""

    @property
    def grants(self) -> Grants: ...
    def person(self, hosted_domain: str | None = None) -> str: ...
    def agrees(self, email: str, scopes: tuple[str, ...] = SCOPES, *, verifier: str = VERIFIER) -> str: ...
    def is_down(self) -> None: ...
    def is_up(self) -> None: ...


@dataclass
class FakeConsents:
    grants: FakeGrants = field(default_factory=FakeGrants)
    domains: dict[str, str | None] = field(default_factory=dict)

    def person(self, hosted_domain: str | None = None) -> str:
        email = f"person{len(self.domains)}@agency.example"
        self.domains[email] = hosted_domain
        return email

    def agrees(self, email: str, scopes: tuple[str, ...] = SCOPES, *, verifier: str = VERIFIER) -> str:
        state = f"s{len(self.grants.asked)}"
        self.grants.authorize_url(state=state, nonce="n", challenge=s256(verifier), login_hint=None)
        return self.grants.consent(state, email, scopes=scopes, hosted_domain=self.domains[email])

    def is_down(self) -> None:
        def fail(_: str) -> None:
            raise Transient("503")

        self.grants.fail = fail

    def is_up(self) -> None:
        self.grants.fail = lambda _: None


@dataclass
class GoogleConsents:
    google: Running
    grants: GoogleGrants

    def person(self, hosted_domain: str | None = None) -> str:
        return self.google.account(hosted_domain=hosted_domain)

    def agrees(self, email: str, scopes: tuple[str, ...] = SCOPES, *, verifier: str = VERIFIER) -> str:
        url = self.grants.authorize_url(state="s", nonce="n", challenge=s256(verifier), login_hint=None)
        answer: Any = self.google.act("consent", {"authorize_url": url, "email": email, "grant": list(scopes)})
        return parse_qs(urlsplit(str(answer["redirect_to"])).query)["code"][0]

    def is_down(self) -> None:
        self.google.act("faults", [{"method": name, "status": 503} for name in ("oauth.token", "oauth.revoke")])

    def is_up(self) -> None:
        self.google.control("DELETE", "faults")


def google_grants(google: Running, *, secret: str = "sandbox-secret", root: str = "") -> GoogleGrants:
    """The real adapter; `root` stands for another authorization server."""
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=2), retries=False)
    url = root or google.url
    identities = Identities(pool, certs_url=f"{google.url}/oauth2/v1/certs", client_id="sandbox-client")
    client = ConsentClient(
        id="sandbox-client",
        secret=secret,
        authorize_url=f"{google.url}/o/oauth2/v2/auth",
        token_url=f"{url}/token",
        revoke_url=f"{url}/revoke",
        redirect_url=lambda: BACK,
    )
    return GoogleGrants(pool, client, identities)
