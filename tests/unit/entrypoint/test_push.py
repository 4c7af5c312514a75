"""Pushes: nothing of them is believed before their token, and none of them ever loops."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import flask
import msgspec
import pytest

from shared.entrypoint.push import MOST_BYTES, Pushed, PushGate, receive
from shared.errors import Conflict, Rejected, Transient
from tests.unit.entrypoint.requests import error, request

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Bench:
    """A pushed function; `pushed` is what it was given."""

    def __init__(self) -> None:
        self.pushed: list[Pushed] = []
        self.failure: Exception | None = None

    def verify(self, authorization: str) -> None:
        match authorization:
            case "Bearer google":
                return
            case "Bearer other":
                raise Rejected("forbidden", "The token was made for somebody else.")
            case "Bearer unknown":
                raise Transient("certificates: 503")
        raise Rejected("unauthenticated", "A valid token of Google's is needed.")

    def run(self, pushed: Pushed) -> Mapping[str, object]:
        self.pushed.append(pushed)
        if self.failure:
            raise self.failure
        return {"stored": 1}

    def receive(
        self, body: bytes, who: str = "google", *, method: str = "POST", chunked: bool = False, says: int | None = None
    ) -> flask.Response:
        asked = request(method, "/", body=body, headers={"Authorization": f"Bearer {who}"}, chunked=chunked, says=says)
        return receive(asked, lambda: PushGate(self.verify, lambda: NOW), self.run)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def envelope(data: bytes, **more: object) -> bytes:
    message = {"data": base64.b64encode(data).decode(), "messageId": "7", "attributes": {}, **more}
    return msgspec.json.encode({"message": message, "subscription": "projects/p/subscriptions/s"})


GOOD = envelope(b'{"emailAddress": "u@agency.example", "historyId": 12}')


def test_a_good_push_is_handled_and_acknowledged(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    answer = bench.receive(GOOD)
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert bench.pushed == [Pushed("7", {"emailAddress": "u@agency.example", "historyId": 12})]
    line = msgspec.json.decode(capsys.readouterr().out)
    assert (line["push"], line["stored"]) == ("7", 1)
    assert "agency" not in msgspec.json.encode(line).decode()


def test_data_comes_in_either_alphabet_with_padding_or_without(bench: Bench) -> None:
    data = msgspec.json.encode({"a": "??>>~~é" * 5})
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for text in (encode(data).decode(), encode(data).decode().rstrip("=")):
            body = msgspec.json.encode({"message": {"data": text, "message_id": "8"}})
            assert bench.receive(body).status_code == 204
    assert bench.pushed == [Pushed("8", {"a": "??>>~~é" * 5})] * 4


@pytest.mark.parametrize(("who", "status"), [("", 401), ("forged", 401), ("other", 403), ("unknown", 503)])
@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
@pytest.mark.parametrize("body", [GOOD, b"garbage", b"x" * (MOST_BYTES + 1)], ids=["good", "garbage", "huge"])
def test_T11_a_push_that_is_not_googles_is_refused_whatever_it_says(
    bench: Bench, who: str, status: int, method: str, body: bytes
) -> None:
    answer = bench.receive(body, who, method=method)
    assert answer.status_code == status
    error(answer)
    assert not bench.pushed


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"message": null}',
        b'{"message": []}',
        b'{"message": "text"}',
        b'{"message": {}}',
        b'{"message": {"data": 5, "messageId": "7"}}',
        b'{"message": {"data": null, "messageId": "7"}}',
        b'{"message": {"data": "%%%", "messageId": "7"}}',
        b'{"message": {"data": "\xc3\xa9", "messageId": "7"}}',
        b'{"message": {"data": "e30="}}',
        b'{"message": ' + b"[" * 100_000,
        envelope(b""),
        envelope(b"{"),
        envelope(b"[]"),
        envelope(b"5"),
        envelope(b"null"),
        envelope(b"\xff"),
        envelope(b'{"a":' * 10_000),
    ],
)
def test_F47_a_push_that_says_nothing_is_acknowledged_once_and_for_all(
    bench: Bench, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.receive(body).status_code == 204
    assert not bench.pushed
    assert msgspec.json.decode(capsys.readouterr().out)["message"] == "useless push acknowledged"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_F47_googles_token_on_another_method_does_nothing(bench: Bench, method: str) -> None:
    assert bench.receive(GOOD, method=method).status_code == 204
    assert not bench.pushed


def test_T11_a_huge_push_is_not_read(bench: Bench) -> None:
    assert bench.receive(b"", says=MOST_BYTES + 1).status_code == 204
    assert bench.receive(envelope(b'{"a": "' + b"x" * MOST_BYTES + b'"}'), chunked=True).status_code == 204
    assert not bench.pushed


@pytest.mark.parametrize("failure", [Transient("store: canary"), RuntimeError("canary"), Conflict("canary")])
def test_T29_a_push_that_failed_comes_again_and_its_reason_stays_here(
    bench: Bench, failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.failure = failure
    answer = bench.receive(GOOD)
    assert (answer.status_code, error(answer)["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    assert b"canary" not in answer.get_data()
    if not isinstance(failure, Transient):
        assert "canary" not in capsys.readouterr().out


def test_a_push_that_can_never_work_does_not_come_again(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.failure = Rejected("not_found", "There is nothing here.")
    assert bench.receive(GOOD).status_code == 204
    assert msgspec.json.decode(capsys.readouterr().out)["rejected"] == "not_found"
