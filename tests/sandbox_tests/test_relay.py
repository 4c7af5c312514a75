"""Pushes on their way from Pub/Sub to a function."""

import json
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from tests.client.wire import call, ok, until
from tests.e2e.driver import new_id
from tests.sandbox.settings import PUSH_SERVICE_ACCOUNT
from tests.sandbox.stack import Stack
from tests.sandbox_tests.pubsub import publish, read


@pytest.fixture
def refusing(stack: Stack) -> Iterator[Path]:
    """The function `take` refuses every push until this file is gone."""
    path = stack.plan.run_dir / "blobs" / "refuse"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


def _taken(stack: Stack, mark: str) -> list[dict[str, object]]:
    kept = [json.loads(path.read_text()) for path in (stack.plan.run_dir / "blobs").glob("push-*")]
    return [push for push in kept if read(push["body"]) == {"mark": mark}]


def _arrives(stack: Stack, mark: str) -> dict[str, object]:
    return until(lambda: _taken(stack, mark), what=f"the push {mark}")[0]


@pytest.mark.parametrize("topic", ["outbox", "gmail-notifications"])
def test_a_push_reaches_the_function_as_the_emulator_sent_it(stack: Stack, topic: str) -> None:
    mark = new_id("push")

    publish(stack, topic, {"mark": mark})

    body = _arrives(stack, mark)["body"]
    assert isinstance(body, dict)
    assert body["subscription"].endswith(f"/take-{topic}")
    assert body["message"]["messageId"]


def test_a_push_carries_the_token_that_google_would_send(stack: Stack) -> None:
    mark = new_id("push")

    publish(stack, "outbox", {"mark": mark})

    token = str(_arrives(stack, mark)["authorization"]).removeprefix("Bearer ")
    certificates = ok(call("GET", f"{stack.endpoints.gmail}/oauth2/v1/certs"), "certificates")
    certificate = load_pem_x509_certificate(certificates[jwt.get_unverified_header(token)["kid"]].encode())
    audience = stack.endpoints.functions["take"]
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    claims = jwt.decode(token, key, ["RS256"], audience=audience, issuer="https://accounts.google.com")
    assert claims["email"] == PUSH_SERVICE_ACCOUNT
    assert claims["email_verified"] is True


def test_a_push_that_the_function_refuses_comes_again(stack: Stack, refusing: Path) -> None:
    mark = new_id("push")

    publish(stack, "outbox", {"mark": mark})
    until(lambda: _refusals(stack), what="a refused push")
    assert _taken(stack, mark) == []
    refusing.unlink()

    assert len(until(lambda: _taken(stack, mark), what="the push, again")) == 1


def test_a_push_for_a_function_that_does_not_exist_is_refused(stack: Stack) -> None:
    assert call("POST", f"{stack.plan.url('relay')}/push/nobody/outbox", body={}).status == 404


def _refusals(stack: Stack) -> bool:
    return "refused" in stack.plan.log("take").read_text()
