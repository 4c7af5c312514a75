"""How a request with a mail is answered: by what the receiver is to do next, and never by what became of the mail."""

from collections.abc import Mapping
from datetime import datetime

import flask
import pytest

from shared.entrypoint.inbound_mail import Door, receive
from shared.errors import Rejected, Transient
from shared.ports.inbound_mail import LARGEST_REQUEST, Arrival
from tests.fakes.clock import FakeClock
from tests.unit.entrypoint.requests import content, error, request

CLOCK = FakeClock()


class Open:
    """A receiver that is believed if it says so."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def open(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrival:
        self.bodies.append(body)
        if headers.get("x-secret") != "good":
            raise Rejected("unauthenticated", "No.")
        return Arrival("one", "", (), body, "mx")


def answered(asked: flask.Request, way: Open, outcome: Exception | None = None) -> flask.Response:
    def run(_: Arrival) -> Mapping[str, object]:
        if outcome:
            raise outcome
        return {"filed": 1}

    return receive(asked, lambda: Door({"/raw": way}, CLOCK.now), run)


def posted(path: str = "/raw", secret: str = "good") -> flask.Request:
    return request("POST", path, body=b"a mail", headers={"X-Secret": secret})


@pytest.mark.parametrize(("outcome", "status"), [(None, 200), (Transient("store"), 503), (RuntimeError("canary"), 500)])
def test_R65_the_receiver_learns_whether_to_bring_it_again(outcome: Exception | None, status: int) -> None:
    made = answered(posted(), Open(), outcome)

    assert made.status_code == status
    assert b"canary" not in made.get_data()
    if outcome is None:
        assert content(made) == {"status": "accepted"}


def test_T22_a_request_without_proof_is_refused_before_anything_is_done() -> None:
    assert error(answered(posted(secret="bad"), Open(), AssertionError("ran")))["code"] == "unauthenticated"


@pytest.mark.parametrize("asked", [request("GET", "/raw"), posted("/"), posted("/mailgun"), posted("/raw/x")])
def test_there_is_nothing_at_other_paths_or_for_other_methods(asked: flask.Request) -> None:
    assert error(answered(asked, Open()))["code"] == "not_found"


def test_T33_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    way = Open()
    told = answered(request("POST", "/raw", body=b"x", says=LARGEST_REQUEST + 1), way)

    assert told.status_code == 413
    assert error(told)["details"] == {"size": LARGEST_REQUEST + 1, "limit": LARGEST_REQUEST}
    assert way.bodies == []


def test_T33_a_request_that_does_not_say_how_long_it_is_is_refused() -> None:
    way = Open()
    assert error(answered(request("POST", "/raw", body=b"x", chunked=True), way))["code"] == "invalid_request"
    assert way.bodies == []
