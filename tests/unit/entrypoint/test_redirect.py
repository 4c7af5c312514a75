"""Google's redirect of a browser: sent on to the CRM's page, or refused without one."""

from datetime import UTC, datetime

import flask
import pytest

from shared.entrypoint.redirect import receive
from shared.errors import Rejected, Transient
from shared.usecases.receive_consent import CameBack
from tests.unit.entrypoint.requests import error, request

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAGE = "https://crm.example/connected?connect_code=x"


def came(path: str, method: str = "GET") -> tuple[flask.Response, list[CameBack]]:
    seen: list[CameBack] = []

    def run(back: CameBack) -> str:
        seen.append(back)
        return PAGE

    return receive(request(method, path), lambda: NOW, run), seen


def failing(failure: Exception) -> flask.Response:
    def run(_: CameBack) -> str:
        raise failure

    return receive(request("GET", "/?state=s&code=c"), lambda: NOW, run)


def test_the_browser_is_sent_on_and_tells_nobody_where_it_was() -> None:
    response, seen = came("/?state=s&code=4/0A&scope=openid")

    assert (response.status_code, response.headers["Location"]) == (303, PAGE)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert seen == [CameBack("s", "4/0A", "")]


def test_what_is_missing_is_empty() -> None:
    assert came("/?error=access_denied")[1] == [CameBack("", "", "access_denied")]
    assert came("/")[1] == [CameBack("", "", "")]


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD"])
def test_nothing_but_a_redirect_is_read(method: str) -> None:
    response, seen = came("/?state=s&code=c", method)

    assert (response.status_code, seen) == (404, [])
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Rejected("invalid_request", "This link is not valid."), 400, "invalid_request"),
        (Transient("store: 503"), 503, "unavailable"),
        (ValueError("a secret"), 500, "internal"),
    ],
)
def test_t29_failures_have_the_one_shape_and_no_redirect(failure: Exception, status: int, code: str) -> None:
    response = failing(failure)

    assert (response.status_code, error(response)["code"]) == (status, code)
    assert "Location" not in response.headers
    assert b"secret" not in response.get_data()
    assert b"store" not in response.get_data()


def test_i10_the_code_and_the_state_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    came("/?state=the-state&code=the-code")
    failing(ValueError("the-code"))

    logged = capsys.readouterr().out
    assert "consent came back" in logged
    assert "the-code" not in logged
    assert "the-state" not in logged
