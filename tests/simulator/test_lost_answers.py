"""Answers that are lost or wrong on purpose: at an upload's start, at its end, and when it is asked how far it got."""

import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.simulator.running import Reply, Running, ask
from tests.simulator.test_uploads import big_mail, open_session, put, question

SEND, START, CHUNK, ASK = "gmail.users.messages.send", "upload.start", "upload.chunk", "upload.status"
SIZE = 1_000
SPAN = f"bytes 0-{SIZE - 1}/{SIZE}"


def fault(gmail: Running, method: str, **how: Any) -> None:
    gmail.act("faults", [{"method": method, "times": 1, **how}])


def sent(gmail: Running, email: str) -> int:
    return len(gmail.items(f"mailboxes/{email}/sent"))


@pytest.mark.parametrize("method", [SEND, CHUNK])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_may_be_told_although_the_mail_was_sent(gmail: Running, method: str, status: int) -> None:
    email = gmail.account()
    session = open_session(gmail, gmail.bearer(email), SIZE)
    fault(gmail, method, status=status, effect=True)

    told = put(session, big_mail(email, SIZE), SPAN)

    assert (told.status, told.json()["error"]["code"], sent(gmail, email)) == (status, status, 1)
    assert question(session, SIZE).status == 200, "the session knows better"


def test_an_error_may_be_told_although_the_session_was_opened(gmail: Running) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    fault(gmail, START, status=503, effect=True)

    url = f"{gmail.url}/upload/gmail/v1/users/me/messages/send"
    assert ask("POST", url, body={}, headers=header, uploadType="resumable").status == 503

    assert [row["status"] for row in gmail.items("calls", method=START)] == [200]


def test_a_page_in_place_of_the_answer_leaves_the_session_with_the_answer(gmail: Running) -> None:
    email = gmail.account()
    session = open_session(gmail, gmail.bearer(email), SIZE)
    fault(gmail, SEND, drop="html")

    assert put(session, big_mail(email, SIZE), SPAN).body.startswith(b"<!DOCTYPE html>")

    assert question(session, SIZE).json()["id"] == gmail.items(f"mailboxes/{email}/sent")[0]["id"]


def raw_put(session: str, content: bytes) -> socket.socket:
    """A connection on which the whole mail was sent and nothing was read."""
    place = urlsplit(session)
    connection = socket.create_connection((place.hostname, place.port), timeout=5)
    head = f"PUT {place.path}?{place.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
    connection.sendall(head.encode() + content)
    return connection


@pytest.mark.parametrize(("drop", "there"), [("reset_before", 0), ("reset_after", 1)])
@pytest.mark.parametrize("method", [SEND, CHUNK])
def test_a_connection_is_reset_before_or_after_the_effect(gmail: Running, method: str, drop: str, there: int) -> None:
    email = gmail.account()
    session = open_session(gmail, gmail.bearer(email), SIZE)
    fault(gmail, method, drop=drop)

    with raw_put(session, big_mail(email, SIZE)) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)

    assert sent(gmail, email) == there


@pytest.mark.parametrize("drop", ["before", "after", "reset_before", "reset_after", "truncate"])
@pytest.mark.parametrize("method", [START, ASK])
def test_an_answer_that_sends_nothing_is_lost_as_well(gmail: Running, method: str, drop: str) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    session = open_session(gmail, header, SIZE)
    put(session, big_mail(email, SIZE), SPAN)
    fault(gmail, method, drop=drop)

    nowhere_to_go = method == START and drop == "truncate"
    with pytest.raises(KeyError if nowhere_to_go else urllib3.exceptions.HTTPError):
        open_session(gmail, header, SIZE) if method == START else question(session, SIZE)


def held_put(gmail: Running, session: str, content: bytes) -> tuple[threading.Thread, list[Reply | str]]:
    """The upload, held; what its client gets goes into the list."""
    got: list[Reply | str] = []

    def upload() -> None:
        try:
            got.append(put(session, content, SPAN))
        except urllib3.exceptions.HTTPError:
            got.append("cut")

    thread = threading.Thread(target=upload)
    thread.start()
    return thread, got


@pytest.mark.parametrize(
    ("moment", "act", "there"), [("before", "go", 1), ("before", "cut", 0), ("after", "go", 1), ("after", "cut", 1)]
)
def test_a_call_stands_still_until_it_is_released(gmail: Running, moment: str, act: str, there: int) -> None:
    email = gmail.account()
    session = open_session(gmail, gmail.bearer(email), SIZE)
    fault(gmail, SEND, hold=moment)
    thread, got = held_put(gmail, session, big_mail(email, SIZE))
    while question(session, SIZE).headers.get("Range") != f"bytes=0-{SIZE - 1}":
        assert thread.is_alive()
    while not (released := gmail.act("held", {"act": act})["released"]):
        assert thread.is_alive()
    thread.join(10)

    assert (released, sent(gmail, email)) == (1, there)
    (told,) = got
    assert told == "cut" if act == "cut" else isinstance(told, Reply) and told.status == 200


def test_a_call_is_let_go_although_its_client_has_gone(gmail: Running) -> None:
    email = gmail.account()
    session = open_session(gmail, gmail.bearer(email), SIZE)
    fault(gmail, SEND, hold="before")
    with raw_put(session, big_mail(email, SIZE)):
        while question(session, SIZE).headers.get("Range") != f"bytes=0-{SIZE - 1}":
            continue
    assert sent(gmail, email) == 0

    while not gmail.act("held", {"act": "go"})["released"]:
        continue

    assert (sent(gmail, email), question(session, SIZE).status) == (1, 200)


@pytest.mark.parametrize(
    "body", [{"method": SEND, "hold": "sometime"}, {"method": SEND, "effect": True}, {"method": SEND, "drop": "gently"}]
)
def test_a_fault_that_makes_no_sense_is_refused(gmail: Running, body: dict[str, object]) -> None:
    assert gmail.control("POST", "faults", [body]).status == 400
    assert gmail.control("POST", "held", {"act": "explode"}).status == 400


def test_the_token_endpoint_is_held_and_lies_as_well(gmail: Running) -> None:
    email = gmail.account()
    tokens = gmail.tokens(email)
    fault(gmail, "oauth.token", status=503, effect=True)

    told = gmail.token_call(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    assert (told.status, told.json()["error"]) == (503, "internal_failure")
