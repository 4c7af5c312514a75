"""Every function as the framework runs it, where its settings or secrets are missing: our own shape, and no text."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import functions_framework
import pytest

import shared.wiring.capturing
import shared.wiring.events
import shared.wiring.http
import shared.wiring.inbound_mail
import shared.wiring.pushes
from shared import config, wiring
from shared.domain.identifiers import LocationId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint.http import Gate
from shared.entrypoint.push import PushGate
from shared.wiring import blobs, delivery, google, state, sync, topics
from tests.fakes.clock import FakeClock
from tests.unit.entrypoint.requests import error

ROOT = Path(__file__).parents[3]
TABLE: dict[str, Any] = json.loads((ROOT / "infra" / "functions.json").read_text())
NAMES = [*TABLE["environment"], *TABLE["secrets"], "CLOCK_URL"]
CACHED = [
    blobs.blobs,
    config.clock_url,
    delivery.delivery,
    google.client_secret,
    google.gmail_access,
    google.grants,
    google.sealer,
    state.clock,
    state.store,
    sync.sync_ports,
    topics.topics,
    wiring.capturing.capturing,
    wiring.events.delivering,
    wiring.http.gate,
    wiring.inbound_mail.door,
    wiring.pushes.push_gate,
]
CLOCK = FakeClock()
PUSH = {"message": {"messageId": "7", "data": base64.b64encode(b'{"entry": "e", "mailbox": "m"}').decode()}}
ASKED = {
    "capture_bcc": ("POST", "/raw"),
    "connections": ("GET", "/locations/here/connection"),
    "conversations": ("GET", "/locations/here/conversations"),
    "operations": ("GET", "/status"),
    "records": ("GET", "/locations/here"),
    "send_email": ("POST", "/locations/here/messages"),
    "oauth_callback": ("GET", "/?state=s&code=c"),
}
SEALED = sorted(name for name, row in TABLE["functions"].items() if row["secrets"] and name != "conversations")
"""Those that read a secret whatever they are asked; `conversations` does only to explain."""


@pytest.fixture(autouse=True)
def _cold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for one in CACHED:
        one.cache_clear()
    yield
    for one in CACHED:
        one.cache_clear()


def everybody(_: str) -> Session:
    return Session(UserId("ada"), frozenset({LocationId("here")}), Role.USER)


def open_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is let in, so that what lies behind the gate is built."""
    gate = Gate(everybody, frozenset(), CLOCK.now)
    monkeypatch.setattr(shared.wiring.http, "gate", lambda: gate)
    pushes = PushGate(lambda _: None, CLOCK.now)
    monkeypatch.setattr(shared.wiring.pushes, "push_gate", lambda: pushes)


def ask(function: str, method: str = "") -> Any:
    app = functions_framework.create_app(  # type: ignore[no-untyped-call]
        function, str(ROOT / "functions" / function / "main.py"), "http"
    )
    told, path = ASKED.get(function, ("POST", "/"))
    return app.test_client().open(path, method=method or told, json=PUSH if (method or told) == "POST" else None)


@pytest.mark.parametrize("opened", [False, True], ids=["gate closed", "gate open"])
@pytest.mark.parametrize("function", sorted(TABLE["functions"]))
def test_t29_a_missing_setting_is_told_in_our_shape_and_not_by_name(
    function: str, opened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if opened:
        open_gates(monkeypatch)

    answer = ask(function)

    pushed = TABLE["functions"][function]["trigger"]["kind"] == "push"
    assert (answer.status_code, error(answer)["code"]) == ((503, "unavailable") if pushed else (500, "internal"))
    assert not [name for name in (*NAMES, "Missing") if name in answer.text]


@pytest.mark.parametrize("function", sorted(TABLE["functions"]))
def test_t29_a_clock_that_is_refused_is_told_in_our_shape_too(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCK_URL", "http://canary.example/clock")
    for name in TABLE["environment"]:
        monkeypatch.setenv(name, config.DEFAULTS.get(name) or "x")

    answer = ask(function)

    assert error(answer)["code"] in {"internal", "unavailable"}
    assert "canary" not in answer.text


@pytest.mark.parametrize("function", ["connections", "conversations", "records", "send_email"])
def test_t29_a_preflight_that_meets_a_missing_setting_is_answered_in_our_shape(function: str) -> None:
    answer = ask(function, "OPTIONS")

    assert (answer.status_code, error(answer)["code"]) == (500, "internal")


@pytest.mark.parametrize("function", SEALED)
def test_a_secret_that_cannot_be_read_is_for_later(
    function: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_gates(monkeypatch)
    for name in TABLE["environment"]:
        monkeypatch.setenv(name, config.DEFAULTS.get(name) or "x")
    monkeypatch.setenv("BLOBS_URL", f"file://{tmp_path}")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    for name in TABLE["secrets"]:
        monkeypatch.setenv(name, "file:///canary/not-there")

    answer = ask(function)

    assert (answer.status_code, error(answer)["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    logged = capsys.readouterr().out
    assert "canary" not in answer.text + logged
    assert "secret" in logged, "an operator sees what was missing"
