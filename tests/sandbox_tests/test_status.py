"""`make status`: its text, and what it says where it can say nothing."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.commands import main
from tests.sandbox.status import TOKEN, URL
from tests.sandbox.status_text import told

Row = dict[str, Any]
NOBODY: Row = {"count": 0, "oldest": None}
WELL: Row = {
    "at": "2026-03-01T09:00:00Z",
    "attention": [],
    "mailboxes": {
        "connected": 3, "reauth_required": 0, "blocked": 0, "disconnected": 1, "leased": 0, "catching_up": 0,
        "relisting": 0, "paused": {"count": 0, "reasons": [], "beyond": 0}, "overdue": NOBODY, "unhandled": NOBODY,
    },
    "watches": {"due": 0, "lapsed": 0, "soonest": None},
    "parked": {"count": 0, "stuck": 0, "reasons": [], "beyond": 0},
    "sends": {"queued": 2, "claimed": 0, "calling": 1, "in_doubt": NOBODY, "unknown": NOBODY, "overdue": NOBODY},
    "endings": NOBODY,
    "events": {
        "receiver": {"state": "up", "since": None, "reason": None}, "waiting": 0, "oldest": None, "undelivered": 0
    },
    "coverage": {"percent": None, "seen": 0, "stored": 0, "left_out": 0, "gone": 0, "dropped": 0, "parked": 0},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The command line settles how signals end it; the tests go on as they began."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def oldest(name: str, at: str, count: int = 2) -> Row:
    return {"count": count, "oldest": {"id": name, "since": at}}


ILL: Row = {
    "at": "2026-03-01T09:00:00Z",
    "attention": [
        {"code": "mail_parked", "message": "1 mail not taken in.", "action": "List it, then replay it."},
        {"code": "blocked", "message": "1 mailbox that may not be used.", "action": "Have it allowed."},
    ],
    "mailboxes": {
        "connected": 3, "reauth_required": 2, "blocked": 1, "disconnected": 0, "leased": 1, "catching_up": 2,
        "relisting": 1,
        "paused": {"count": 4, "reasons": [{"reason": "gmail: 500", "count": 3, "oldest": None}], "beyond": 1},
        "overdue": oldest("box-1", "2026-03-01T08:50:00Z"), "unhandled": oldest("box-2", "2026-03-01T07:00:00Z", 1),
    },
    "watches": {"due": 2, "lapsed": 0, "soonest": {"mailbox": "box-3", "expires_at": "2026-03-02T19:00:00Z"}},
    "parked": {
        "count": 3, "stuck": 1, "beyond": 1,
        "reasons": [
            {"reason": "gmail: 500", "count": 2, "oldest": {"id": "box-4", "since": "2026-02-20T09:00:00Z"}}
        ],
    },
    "sends": {
        "queued": 0, "claimed": 0, "calling": 0, "in_doubt": oldest("send-1", "2026-03-01T08:00:00Z", 1),
        "unknown": oldest("send-2", "2026-02-27T09:00:00Z", 1), "overdue": oldest("send-3", "2026-03-01T08:54:00Z", 1),
    },
    "endings": oldest("box-5", "2026-03-01T05:00:00Z", 1),
    "events": {
        "receiver": {"state": "down", "since": "2026-03-01T08:00:00Z", "reason": "status 500"}, "waiting": 7,
        "oldest": "2026-03-01T08:00:00Z", "undelivered": 1,
    },
    "coverage": {
        "percent": 99.9, "seen": 3000, "stored": 2000, "left_out": 990, "gone": 5, "dropped": 2, "parked": 3
    },
}  # fmt: skip

ILL_TEXT = """\
As of 2026-03-01T09:00:00Z

mailboxes   3 connected, 2 reauth required, 1 blocked, 0 disconnected
            1 being worked on, 2 catching up, 1 being gone through again
            4 paused: 3 gmail: 500, 1 not asked why
behind      1 mailbox behind Gmail's notifications, the oldest for 2 h: box-2
overdue     2 mailboxes not looked at in time, the oldest for 10 min: box-1
watches     2 to renew within 36 h, 0 lapsed, the first in 34 h: box-3
parked      3 mails, 1 of them not tried again
            2 gmail: 500, the oldest for 9 days: box-4
            1 for other reasons
sends       0 queued, 0 claimed, 0 calling
            1 send in doubt, the oldest for 60 min: send-1
            1 send of which nobody knows the end, the oldest for 2 days: send-2
            1 send not taken up in time, the oldest for 6 min: send-3
endings     1 connection ended, and not done with, the oldest for 4 h: box-5
events      receiver down (status 500), 7 waiting, the oldest for 60 min, 1 given up
coverage    99.9 % of 3000 mails seen: 2000 stored, 990 left out, 5 gone, 2 dropped, 3 parked

2 things to see to:

1. 1 mail not taken in.
   List it, then replay it.

2. 1 mailbox that may not be used.
   Have it allowed."""

WELL_TEXT = """\
As of 2026-03-01T09:00:00Z

mailboxes   3 connected, 0 reauth required, 0 blocked, 1 disconnected
watches     none to renew within 36 h
parked      0 mails, 0 of them not tried again
sends       2 queued, 0 claimed, 1 calling
events      receiver up, 0 waiting, 0 given up
coverage    no mail seen yet

Nothing needs anybody."""


@pytest.mark.parametrize(("overview", "text"), [(WELL, WELL_TEXT), (ILL, ILL_TEXT)])
def test_the_figures_are_told_in_plain_words_and_then_what_to_do(overview: Row, text: str) -> None:
    assert told(overview) == text


@pytest.mark.parametrize(
    ("expires_at", "told_as"),
    [(None, "the first never had one"), ("2026-03-01T06:00:00Z", "the first 3 h ago")],
)
def test_a_watch_that_is_not_there_is_told_so(expires_at: str | None, told_as: str) -> None:
    watches = {"due": 1, "lapsed": 1, "soonest": {"mailbox": "box", "expires_at": expires_at}}
    assert told_as in told({**WELL, "watches": watches})


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Something that answers every call so → its URL, and the paths and tokens that it is asked with."""
    asked: list[str] = []

    class Deployment(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Deployment)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("overview", "status"), [(WELL, 0), (ILL, 1)])
def test_a_deployment_is_asked_by_the_address_and_token_of_the_environment(
    overview: Row, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(200, json.dumps(overview).encode()) as (url, asked):
        monkeypatch.setenv(URL, url)
        monkeypatch.setenv(TOKEN, "the-token")
        assert main(["status"]) == status
    assert asked == ["/status Bearer the-token"]
    assert capsys.readouterr().out == told(overview) + "\n"


def test_an_address_that_is_given_goes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "http://127.0.0.1:1")
    monkeypatch.setenv(TOKEN, "the-token")
    with answering(200, json.dumps(WELL).encode()) as (url, asked):
        assert main(["status", "--url", url]) == 0
    assert asked


ERROR = json.dumps({"error": {"code": "internal", "message": "Went wrong.", "correlation_id": "abc"}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"", "does not accept the token"),
        (403, b"", "no operator's"),
        (404, b"", "no operations at this address"),
        (503, ERROR, "try again"),
        (500, ERROR, "answered 500: Went wrong. Correlation id abc."),
        (500, b"<html>", "answered 500: no more was said."),
        (200, b"<html>", "is not the function"),
    ],
)
def test_a_status_that_cannot_be_had_is_one_clear_sentence_and_exit_status_2(
    status: int, body: bytes, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TOKEN, "the-token")
    with answering(status, body) as (url, _):
        assert main(["status", "--url", url]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert says in said.err
    assert "the-token" not in said.err


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("http://127.0.0.1:1", "t", "Nothing answers at"),
        ("no url", "t", "Nothing answers at"),
        ("http://127.0.0.1:1", "", "OPERATIONS_TOKEN is not set"),
        ("", "", "start one with `make run`"),
    ],
)
def test_a_deployment_that_is_not_there_is_told_so(
    url: str,
    token: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(URL, url)
    monkeypatch.setenv(TOKEN, token)
    assert main(["status", "--run-dir", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"functions": {}}), "[]"])
def test_a_stack_that_left_something_else_behind_is_told_so(
    content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(URL, raising=False)
    (tmp_path / "endpoints.json").write_text(content)
    assert main(["status", "--run-dir", str(tmp_path)]) == 2
    assert "start it again" in capsys.readouterr().err
