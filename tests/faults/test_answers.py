"""Answers of Google that are broken, slow, cut, false or somebody else's, as the adapter sees them on the wire."""

import io
import socket
import ssl
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import urllib3

from shared.adapters.gmail import transport
from shared.adapters.gmail.client import GmailClient
from shared.domain.identifiers import GmailId
from shared.errors import Transient
from shared.ports.gmail import MailHeaders
from tests.faults.wire import MAIL, Step, Wire, answer, gmail


class Dripping(io.BytesIO):
    """A body of which a little comes each minute, for ever."""

    def read(self, amount: int | None = -1) -> bytes:
        return b" " * (amount or 1)


class Cut(io.BytesIO):
    """A body whose connection is reset in its midst."""

    def read(self, amount: int | None = -1) -> bytes:
        raise ConnectionResetError


def _body(body: io.BytesIO) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(body, status=200, preload_content=False)


BROKEN: dict[str, Callable[[], Step]] = {
    "500": lambda: answer(500, b""),
    "502": lambda: answer(502, b"<html>Bad gateway</html>"),
    "503": lambda: answer(503, {"error": {"code": 503, "message": "Backend error"}}),
    "504": lambda: answer(504, b""),
    "TLS reset": lambda: urllib3.exceptions.SSLError(ssl.SSLError("record layer failure")),
    "DNS failure": lambda: urllib3.exceptions.NameResolutionError("gmail", None, socket.gaierror()),  # type: ignore[arg-type]
    "half-open connection": lambda: urllib3.exceptions.ReadTimeoutError(None, "", "timed out"),  # type: ignore[arg-type]
    "cut connection": lambda: _body(Cut()),
    "slow drip": lambda: _body(Dripping()),
}
FALSE: dict[str, Callable[[], Step]] = {
    "truncated JSON": lambda: answer(200, b'{"messages": [{"id": "m1"'),
    "HTML with 200": lambda: answer(200, b"<html><body>Sign in to the network</body></html>"),
    "nothing with 200": lambda: answer(200, b""),
    "JSON that is no object": lambda: answer(200, b"[]"),
    "null": lambda: answer(200, b"null"),
    "text": lambda: answer(200, b'"ok"'),
    "an empty object": lambda: answer(200, b"{}"),
    "an error with 200": lambda: answer(200, {"error": {"code": 500, "message": "Internal"}}),
    "no UTF-8": lambda: answer(200, b'{"historyId": "\xff"}'),
}
ASKED: dict[str, Callable[[GmailClient], object]] = {
    "history": lambda one: one.history(5, None),
    "search": lambda one: one.search("after:1", None),
    "profile": lambda one: one.profile(),
    "labels": lambda one: one.labels(),
    "aliases": lambda one: one.aliases(),
    "headers": lambda one: one.headers([GmailId("m1")]),
    "many headers": lambda one: one.headers([GmailId(f"m{number}") for number in range(5)]),
    "whole mails": lambda one: one.fulls([GmailId("m1")]),
}


@pytest.fixture(autouse=True)
def minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that drips takes a minute for each piece."""
    passed = [0.0]

    def monotonic() -> float:
        passed[0] += 30.0
        return passed[0]

    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=monotonic, sleep=lambda _: None))


EVERYTHING = BROKEN | FALSE


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("how", EVERYTHING)
def test_f20_whatever_is_no_answer_is_passing_trouble_and_never_taken_for_one(how: str, asked: str) -> None:
    wire = Wire(EVERYTHING[how])
    with pytest.raises(Transient) as trouble:
        ASKED[asked](gmail(wire))
    assert "Sign in" not in trouble.value.reason


@pytest.mark.parametrize("how", BROKEN)
def test_f20_a_read_is_repeated_and_a_call_that_changes_something_is_not(how: str) -> None:
    wire = Wire(BROKEN[how], BROKEN[how], lambda: answer(200, MAIL))
    (read,) = gmail(wire).headers([GmailId("m1")])
    assert isinstance(read, MailHeaders)
    assert wire.calls == 3
    wire = Wire(BROKEN[how])
    with pytest.raises(Transient):
        gmail(wire).watch("topic")
    assert wire.calls == 1
