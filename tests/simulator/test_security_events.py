"""Security event tokens, as a receiver of Cross-Account Protection gets them."""

import base64
import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest

from tests.simulator.running import Running, ask

Received = list[tuple[str, str]]


@pytest.fixture
def receiver() -> Iterator[tuple[str, Received]]:
    received: Received = []

    class Endpoint(BaseHTTPRequestHandler):
        """Takes every event."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.headers["Content-Type"], body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    server.server_close()


def claims(gmail: Running, token: str) -> dict[str, Any]:
    key = jwt.PyJWK(ask("GET", f"{gmail.url}/oauth2/v3/certs").json()["keys"][0]).key
    options: Any = {"verify_iat": False}
    return dict(jwt.decode(token, key, algorithms=["RS256"], audience="sandbox-client", options=options))


def test_an_account_event_names_the_person_by_sub(gmail: Running, receiver: tuple[str, Received]) -> None:
    url, received = receiver
    made = gmail.act("mailboxes", {"email": "risc@agency.example"})
    body = {"email": "risc@agency.example", "event": "account-disabled", "to": url}
    assert gmail.act("security_events", body) == {"status": 202}
    content_type, token = received[0]
    assert content_type == "application/secevent+jwt"
    told = claims(gmail, token)
    assert told["iss"] == "https://accounts.google.com/"
    assert "exp" not in told
    event = told["events"]["https://schemas.openid.net/secevent/risc/event-type/account-disabled"]
    assert event["reason"] == "hijacking"
    assert event["subject"]["sub"] == made["sub"]


def test_a_revoked_token_is_named_by_prefix_or_by_hash(gmail: Running, receiver: tuple[str, Received]) -> None:
    url, received = receiver
    email = gmail.account()
    token = gmail.tokens(email)["refresh_token"]
    twice = base64.b64encode(hashlib.sha512(hashlib.sha512(token.encode()).digest()).digest()).decode()
    for name, shown in (("prefix", token[:16]), ("hash_base64_sha512_sha512", twice)):
        body = {"email": email, "event": "token-revoked", "to": url, "refresh_token": token, "token_as": name}
        gmail.act("security_events", body)
        events = claims(gmail, received[-1][1])["events"]
        subject = events["https://schemas.openid.net/secevent/oauth/event-type/token-revoked"]["subject"]
        assert (subject["token_identifier_alg"], subject["token"]) == (name, shown)


def test_a_receiver_that_is_not_there_or_an_unknown_event_is_refused(gmail: Running) -> None:
    email = gmail.account()
    gone = {"email": email, "event": "verification", "to": "http://127.0.0.1:1/"}
    assert gmail.control("POST", "security_events", gone).status == 400
    assert gmail.control("POST", "security_events", {**gone, "event": "nonsense"}).status == 400
    assert gmail.control("POST", "security_events", {**gone, "email": "nobody@x.example"}).status == 404
