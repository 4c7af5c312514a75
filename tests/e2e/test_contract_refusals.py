"""What the contract refuses, asked of the running stack as an outsider would ask it."""

import json
import socket
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client.wire import Answer
from tests.e2e.driver import Office, new_id

HUGE = 900_000_000


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.body


def announce(url: str, token: str | None, size: int) -> tuple[int, Any]:
    """Status and error of the answer to a request that only says how large it will be."""
    place = urlsplit(url)
    lines = [f"POST {place.path} HTTP/1.1", f"Host: {place.netloc}", f"Content-Length: {size}", "Idempotency-Key: k"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as wire:
        wire.sendall("\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=b", "", ""]).encode())
        answer = HTTPResponse(wire)
        answer.begin()
        return answer.status, json.loads(answer.read())["error"]


@pytest.mark.parametrize(("function", "path"), [("send_email", "messages"), ("connections", "connection/consent")])
def test_a_request_that_is_too_large_is_refused_before_it_is_sent(office: Office, function: str, path: str) -> None:
    url = f"{office.crm.functions[function]}/locations/{office.location}/{path}"
    status, error = announce(url, office.crm.token, HUGE)
    assert (status, error["code"], error["details"]["size"]) == (413, "too_large", HUGE)
    assert 0 < error["details"]["limit"] < HUGE


def test_T13_a_stranger_cannot_make_a_function_wait_for_a_large_request(office: Office) -> None:
    for function, code in (("send_email", 401), ("process_history", 401), ("oauth_callback", 404)):
        status, _ = announce(office.crm.functions[function] + "/", None, HUGE)
        assert status == code, function


def test_T13_a_location_that_is_not_there_answers_as_one_that_may_not_be_seen(office: Office) -> None:
    absent = new_id("loc")
    crm = office.endpoints.crm(office.user, absent)
    paths = ["/conversations", f"/conversations/{office.contact}/messages", "/messages/m", "/explain?gmail_id=abc"]
    for path in paths:
        refused(crm.ask("GET", "conversations", path), 404, "not_found")
        refused(office.crm.in_location(absent).ask("GET", "conversations", path), 404, "not_found")
    refused(crm.ask("POST", "conversations", f"/conversations/{office.contact}/read"), 404, "not_found")


def test_T13_ids_that_the_store_keeps_to_itself_are_no_ids(office: Office) -> None:
    refused(office.backend.ask("PUT", "records", "/contacts/__x__", body={"email": "x@x.example"}), 404, "not_found")
    refused(
        office.endpoints.crm("__x__", office.location).ask("GET", "connections", "/connection"), 401, "unauthenticated"
    )
    mail = {"to": [{"address": office.contact_email}], "subject": "S", "text": "T"}
    for named in ({"reply_to": "a/b"}, {"contact": "../x"}, {"contact": "__x__"}):
        refused(office.crm.post_mail(new_id("key"), {**mail, **named}), 400, "invalid_request")


def test_a_query_parameter_that_comes_twice_is_refused(office: Office) -> None:
    refused(office.crm.ask("DELETE", "connections", "/connection?keep=all&keep=nothing"), 400, "invalid_request")
    refused(office.crm.ask("GET", "conversations", "/conversations?limit=1&limit=2"), 400, "invalid_request")
    assert office.crm.connection()["state"] == "connected"


CHANGED = ("state", "address", "connected_at", "auto_bcc", "settings")
"""What the refused calls would have changed; the mailbox's first sync goes on meanwhile."""


@pytest.mark.parametrize("query", ["?colour=red", "?colour=red&colour=red"])
def test_a_parameter_that_is_not_described_is_refused_before_anything_is_done(office: Office, query: str) -> None:
    backend = office.backend
    user, contact = f"/users/{new_id('user')}{query}", f"/contacts/{office.contact}{query}"
    settings = {"exclusions": [], "signature": True}
    before = office.crm.connection()
    refused(backend.ask("GET", "records", query), 400, "invalid_request")
    refused(backend.ask("PUT", "records", user, body={"email": "new@agency.example"}), 400, "invalid_request")
    refused(backend.ask("DELETE", "records", contact), 400, "invalid_request")
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "/settings", settings),
        ("POST", "/auto_bcc", {}),
        ("POST", "/consent", {"return_to": office.endpoints.return_to, "intent": "update"}),
        ("POST", "/complete", {"connect_code": "a.b"}),
    ):
        answer = office.crm.ask(method, "connections", f"/connection{path}{query}", body=body)
        refused(answer, 400, "invalid_request")
    assert backend.ask("GET", "records", f"/contacts/{office.contact}").status == 200
    after = office.crm.connection()
    assert {name: after[name] for name in CHANGED} == {name: before[name] for name in CHANGED}


def test_T13_a_cursor_of_one_list_is_refused_by_another(office: Office) -> None:
    for subject in ("One", "Two"):
        office.stored(office.arrives(subject)["id"])
    path = f"/conversations/{office.contact}/messages"
    cursor = office.crm.ask("GET", "conversations", path, limit=1).json()["next_cursor"]
    assert office.crm.ask("GET", "conversations", path, limit=1, cursor=cursor).status == 200
    for other in ("/conversations", "/quarantine"):
        refused(office.crm.ask("GET", "conversations", other, cursor=cursor), 400, "invalid_request")
    refused(office.crm.ask("GET", "conversations", path, cursor=""), 400, "invalid_request")


def test_a_body_where_nothing_is_to_be_said_says_nothing(office: Office) -> None:
    office.stored(office.arrives()["id"])
    path = f"/conversations/{office.contact}/read"
    refused(office.crm.ask("POST", "conversations", path, body={"until": "now"}), 400, "invalid_request")
    assert office.crm.ask("POST", "conversations", path, body={}).status == 204
    assert office.crm.ask("POST", "conversations", path).status == 204


def test_R56_a_mail_that_was_not_sent_from_here_cannot_be_retried(office: Office) -> None:
    message = office.stored(office.arrives()["id"])["id"]
    for how in ({}, {"was_sent": True}, {"was_sent": False}):
        refused(office.crm.retry(message, **how), 409, "not_retryable")
    refused(office.crm.retry("nothing"), 404, "not_found")


def test_R70_explain_is_a_list_with_pages(office: Office) -> None:
    for subject in ("One", "Two", "Three"):
        office.stored(office.arrives(subject)["id"])
    first = office.crm.ask("GET", "conversations", "/explain", address=office.contact_email, limit=2).json()
    rest = office.crm.ask(
        "GET", "conversations", "/explain", address=office.contact_email, limit=2, cursor=first["next_cursor"]
    ).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert len({item["gmail_id"] for item in first["items"] + rest["items"]}) == 3
