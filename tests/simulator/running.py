"""A running simulator, its control interface, and Google's client library pointed at it."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import urllib3
from aiohttp import web
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

from tests.sandbox.gmail_simulator.simulator import Simulator, build_simulator

POOL = urllib3.PoolManager(maxsize=20, timeout=urllib3.Timeout(connect=5, read=20), retries=False)
SCOPES = "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
DOCUMENT = files("googleapiclient").joinpath("discovery_cache/documents/gmail.v1.json")
RETURN_TO = "http://127.0.0.1:1/back"
Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of one answer."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None where it is empty."""
        return json.loads(self.body) if self.body else None


def ask(method: str, url: str, /, *, body: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Reply:
    """One request: bytes as they are, anything else as JSON; never repeated, never redirected."""
    asked = {name: value for name, value in query.items() if value is not None}
    target = f"{url}?{urlencode(asked, doseq=True)}" if asked else url
    payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    response = POOL.request(method, target, body=payload, headers=headers or {}, redirect=False)
    return Reply(response.status, response.headers, response.data)


def mail(sender: str, to: str, subject: str = "Hello", text: str = "Hi there", **headers: str) -> EmailMessage:
    """A plain mail; further headers by name, `_` for `-`."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def encoded(message: EmailMessage | bytes) -> str:
    """base64url, as `raw` wants it."""
    return base64.urlsafe_b64encode(bytes(message)).decode()


def decoded(text: str) -> bytes:
    """What base64url stands for, padded or not."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def until(look: Callable[[], Any], within_s: float = 5.0) -> Any:
    """The first truthy value of `look`; fails after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not seen within {within_s} s"
        time.sleep(0.01)
    return seen


@dataclass
class Running:
    """One simulator on a port of its own, in a thread."""

    simulator: Simulator
    url: str
    loop: asyncio.AbstractEventLoop
    made: int = 0
    libraries: list[Any] = field(default_factory=list)

    def control(self, method: str, path: str, body: Any = None, /, **query: Any) -> Reply:
        """A call of the control interface, whatever its answer."""
        target = f"{self.url}/control/{path}"
        asked = {name: value for name, value in query.items() if value is not None}
        return ask(method, f"{target}?{urlencode(asked)}" if asked else target, body=body)

    def act(self, path: str, body: Any = None, /, **query: Any) -> Any:
        """A POST to the control interface that must succeed."""
        reply = self.control("POST", path, body, **query)
        assert reply.status < 300, reply.body
        return reply.json()

    def items(self, path: str, /, **query: Any) -> list[Json]:
        """The items of a control list."""
        return list(self.control("GET", path, **query).json()["items"])

    def account(self, **more: Any) -> str:
        """A new account's address."""
        self.made += 1
        email = f"person{self.made}@agency.example"
        self.act("mailboxes", {"email": email, **more})
        return email

    def subject(self, email: str) -> str:
        """The account's id at Google."""
        return str(jwt.decode(self.tokens(email)["id_token"], options={"verify_signature": False})["sub"])

    def deliver(self, email: str, message: EmailMessage | bytes | None = None, **query: Any) -> Json:
        """A mail arrives."""
        made = mail("carl@customer.example", email) if message is None else message
        return dict(self.act(f"mailboxes/{email}/deliver", bytes(made), **query))

    def authorize_url(self, **more: Any) -> str:
        """What a client would send the browser to."""
        query = {
            "client_id": "sandbox-client",
            "redirect_uri": RETURN_TO,
            "response_type": "code",
            "scope": SCOPES,
            "access_type": "offline",
            "state": "s1",
            **more,
        }
        return f"{self.url}/o/oauth2/v2/auth?{urlencode({n: v for n, v in query.items() if v is not None})}"

    def consent(self, email: str, *, grant: list[str] | None = None, deny: bool = False, **more: Any) -> dict[str, str]:
        """The person's answer: what comes back in the redirect."""
        body = {"authorize_url": self.authorize_url(**more), "email": email, "grant": grant, "deny": deny}
        redirect = self.act("consent", body)["redirect_to"]
        return {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}

    def token_call(self, **form: str) -> Reply:
        """A POST to the token endpoint, with the client's secret."""
        whole = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", **form}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask("POST", f"{self.url}/token", body=urlencode(whole).encode(), headers=headers)

    def exchange(self, code: str, **form: str) -> Reply:
        """Exchanges a code."""
        return self.token_call(grant_type="authorization_code", code=code, redirect_uri=RETURN_TO, **form)

    def tokens(self, email: str, **more: Any) -> Json:
        """The token response after a whole consent."""
        reply = self.exchange(self.consent(email, **more)["code"])
        assert reply.status == 200, reply.body
        return dict(reply.json())

    def bearer(self, email: str, **more: Any) -> dict[str, str]:
        """Authorization header of a new access token."""
        return {"Authorization": f"Bearer {self.tokens(email, **more)['access_token']}"}

    def users(self, email: str, **more: Any) -> Any:
        """googleapiclient's users() resource with that account's consent."""
        return self.library(self.credentials(self.tokens(email, **more))).users()

    def credentials(self, tokens: Json) -> Credentials:
        """google-auth's credentials for a token response."""
        return Credentials(  # type: ignore[no-untyped-call]
            tokens["access_token"],
            refresh_token=tokens.get("refresh_token"),
            token_uri=f"{self.url}/token",
            client_id="sandbox-client",
            client_secret="sandbox-secret",
        )

    def library(self, credentials: Credentials) -> Any:
        """googleapiclient, unmodified but for the URLs in its document."""
        document = json.loads(DOCUMENT.read_text("utf-8"))
        document |= {"rootUrl": f"{self.url}/", "baseUrl": f"{self.url}/", "batchPath": "batch/gmail/v1"}
        made = build_from_document(document, credentials=credentials)
        self.libraries.append(made)
        return made

    def close_libraries(self) -> None:
        """Closes the connections of every library that was made."""
        while self.libraries:
            self.libraries.pop().close()


def start(**settings: Any) -> tuple[Running, Callable[[], None]]:
    """A running simulator, and what ends it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> tuple[Simulator, web.AppRunner, int]:
        simulator = build_simulator(**settings)
        runner = web.AppRunner(simulator.app(), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return simulator, runner, runner.addresses[0][1]

    simulator, runner, port = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)

    def end() -> None:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()

    return Running(simulator, f"http://127.0.0.1:{port}", loop), end
