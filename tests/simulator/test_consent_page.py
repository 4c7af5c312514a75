"""The consent page, as a person in a browser uses it."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.sandbox.gmail_simulator.grants import Client
from tests.simulator.running import READONLY, RETURN_TO, SCOPES, Reply, Running, ask, start

EMAIL = "https://www.googleapis.com/auth/userinfo.email"
SEND = "https://www.googleapis.com/auth/gmail.send"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def page_form(gmail: Running, url: str) -> list[tuple[str, str]]:
    """The consent page's hidden fields and ticked boxes, as a browser would send them."""
    page = ask("GET", url)
    assert page.status == 200
    found = re.findall(rb'<input type="(hidden|checkbox)" name="([^"]+)" value="([^"]*)"', page.body)
    return [(name.decode(), html.unescape(value.decode())) for _, name, value in found]


def post_form(gmail: Running, fields: list[tuple[str, str]]) -> Reply:
    return ask("POST", f"{gmail.url}/o/oauth2/v2/auth", body=urlencode(fields).encode(), headers=FORM)


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"client_id": "nobody"}, 401, b"invalid_client"),
        ({"redirect_uri": "https://evil.example/"}, 400, b"redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, b"unsupported_response_type"),
        ({"scope": ""}, 400, b"scope"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, 400, b"S256"),
    ],
)
def test_a_wrong_request_shows_an_error_page(gmail: Running, wrong: dict[str, str], status: int, words: bytes) -> None:
    page = ask("GET", gmail.authorize_url(**wrong))
    assert page.status == status
    assert words in page.body
    assert "Location" not in page.headers


def test_a_person_chooses_an_account_and_unticks_a_box_on_the_page(gmail: Running) -> None:
    email = gmail.account(name="Uma <User>")
    gmail.account()
    url = gmail.authorize_url(login_hint=email)
    page = ask("GET", url).body.decode()
    assert "Uma &lt;User&gt;" in page
    assert re.search(rf'value="{email}" required checked', page)
    fields = page_form(gmail, url)
    assert [value for name, value in fields if name == "scope"] == [READONLY, SEND]
    left = [*(f for f in fields if f != ("scope", SEND)), ("email", email), ("action", "continue")]
    back = post_form(gmail, left)
    assert back.status == 302
    assert back.headers["Location"].startswith(f"{RETURN_TO}?")
    came = parse_qs(urlsplit(back.headers["Location"]).query)
    assert came["state"] == ["s1"]
    assert set(gmail.exchange(came["code"][0]).json()["scope"].split()) == {"openid", EMAIL, READONLY}


def test_cancel_on_the_page_denies(gmail: Running) -> None:
    email = gmail.account()
    back = post_form(gmail, [*page_form(gmail, gmail.authorize_url()), ("email", email), ("action", "cancel")])
    assert parse_qs(urlsplit(back.headers["Location"]).query) == {"state": ["s1"], "error": ["access_denied"]}


def test_registered_redirects_are_compared_exactly() -> None:
    registered = Client("crm", "s", ("https://crm.example/callback",), "project-1")
    running, end = start(clients=[registered])
    try:
        ask_for = {"client_id": "crm", "scope": SCOPES}
        url = running.authorize_url(**ask_for, redirect_uri="https://crm.example/callback")
        running.account()
        assert ask("GET", url).status == 200
        for other in ("https://crm.example/callback/", "https://crm.example/Callback", RETURN_TO):
            assert ask("GET", running.authorize_url(**ask_for, redirect_uri=other)).status == 400
    finally:
        end()
