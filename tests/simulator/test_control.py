"""The control interface, call by call."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.running import Running, ask, decoded, encoded, mail

ROOT = Path(__file__).parents[2]


def test_an_account_is_made_once(gmail: Running) -> None:
    body = {"email": "solo@agency.example", "name": "Solo", "hosted_domain": "agency.example", "aliases": []}
    made = gmail.control("POST", "mailboxes", body)
    assert made.status == 201
    assert set(made.json()) == {"email", "sub"}
    assert made.json()["sub"].isdigit()
    assert gmail.control("POST", "mailboxes", body).status == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "no address"},
        {"email": "x@y.example", "nonsense": 1},
        {"email": "x@y.example", "aliases": ["z"]},
        {"email": "x@y.example", "aliases": [{"address": "z@y.example", "verified": "yes"}]},
        {"email": "x@y.example", "name": 5},
        b"{",
        [],
    ],
)
def test_a_bad_account_is_refused_with_a_reason(gmail: Running, body: Any) -> None:
    refused = gmail.control("POST", "mailboxes", body)
    assert refused.status == 400
    assert len(refused.json()["error"]["message"]) > 10


def test_delivery_keeps_the_bytes_and_takes_labels_by_name_and_a_date(gmail: Running) -> None:
    email = gmail.account()
    raw = bytes(mail("carl@customer.example", email))
    date = "2026-01-02T03:04:05Z"
    reply = gmail.control("POST", f"mailboxes/{email}/deliver", raw, labels="INBOX,Customers", internal_date=date)
    assert reply.status == 201
    assert set(reply.json()) == {"id", "threadId", "historyId"}
    row = gmail.items(f"mailboxes/{email}/messages", label="customers")[0]
    assert set(row) == {"id", "threadId", "labelIds", "internalDate", "historyId", "raw"}
    assert decoded(row["raw"]) == raw
    assert row["internalDate"] == "1767323045000"
    assert row["labelIds"] == ["INBOX", "Label_1"]
    assert gmail.items(f"mailboxes/{email}/messages", label="nope") == []
    assert gmail.control("POST", f"mailboxes/{email}/deliver", raw, internal_date="soon").status == 400
    assert gmail.control("POST", f"mailboxes/{email}/deliver", raw, label="INBOX").status == 400


def test_messages_come_oldest_first_and_in_pages_if_wanted(gmail: Running) -> None:
    email = gmail.account()
    there = [gmail.deliver(email)["id"] for _ in range(3)]
    path = f"mailboxes/{email}/messages"
    assert [row["id"] for row in gmail.items(path)] == there
    page = gmail.control("GET", path, limit=2).json()
    assert [row["id"] for row in page["items"]] == there[:2]
    rest = gmail.control("GET", path, limit=2, cursor=page["next_cursor"]).json()
    assert [row["id"] for row in rest["items"]] == there[2:]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "deliver", b"x"),
        ("POST", "send", b"x"),
        ("POST", "draft", {"raw": "eA"}),
        ("POST", "labels", {"id": "x"}),
        ("POST", "delete", {"id": "x"}),
        ("POST", "password", {}),
        ("POST", "expire_history", {}),
        ("GET", "messages", None),
        ("GET", "sent", None),
    ],
)
def test_an_unknown_account_is_404(gmail: Running, method: str, path: str, body: Any) -> None:
    refused = gmail.control(method, f"mailboxes/nobody@x.example/{path}", body)
    assert refused.status == 404
    assert "nobody@x.example" in refused.json()["error"]["message"]


@pytest.mark.parametrize("path", ["labels", "delete"])
def test_an_unknown_message_is_404(gmail: Running, path: str) -> None:
    assert gmail.control("POST", f"mailboxes/{gmail.account()}/{path}", {"id": "nope"}).status == 404


def test_acts_answer_204(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)["id"]
    draft = gmail.act(f"mailboxes/{email}/draft", {"raw": encoded(mail(email, "c@x.example"))})
    for path, body in [
        (f"mailboxes/{email}/labels", {"id": there, "add": ["STARRED"], "remove": []}),
        (f"mailboxes/{email}/draft", {"draft_id": draft["draft_id"], "act": "drop"}),
        (f"mailboxes/{email}/delete", {"id": there}),
        (f"mailboxes/{email}/password", {}),
        (f"mailboxes/{email}/expire_history", {}),
        ("faults", []),
        ("pushes", {"lose": 0}),
        ("quota", {}),
    ]:
        reply = gmail.control("POST", path, body)
        assert (reply.status, reply.body) == (204, b""), path
    for path in ("faults", "pushes", "usage"):
        assert gmail.control("DELETE", path).status == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {}),
        ("faults", [{"method": "gmail.users.nothing", "status": 500}]),
        ("faults", [{"method": "gmail.users.watch"}]),
        ("faults", [{"method": "gmail.users.watch", "status": "500"}]),
        ("faults", [{"method": "gmail.users.watch", "status": 500, "often": 1}]),
        ("faults", [{"method": "gmail.users.watch", "status": 500, "retry_after": "later"}]),
        ("faults", [{"method": "gmail.users.watch", "drop": "sometimes"}]),
        ("pushes", {"lose": "all"}),
        ("pushes", {"hold": 1}),
        ("pushes", {"swallow": 1}),
        ("quota", {"concurrent": "many"}),
        ("quota", {"units": 1}),
        ("clock", {}),
        ("clock", {"advance_s": -1}),
        ("behaviour", {"nonsense": True}),
        ("behaviour", {"keep_x_headers": 1}),
        ("behaviour", {"sent_shape": "round"}),
        ("consent", {"authorize_url": "http://x/?a=b", "email": "x@y.example"}),
    ],
)
def test_bad_circumstances_are_refused_with_a_reason(gmail: Running, path: str, body: Any) -> None:
    refused = gmail.control("POST", path, body)
    assert refused.status == 400
    assert len(refused.json()["error"]["message"]) > 5


def test_usage_sums_calls_units_bytes_and_formats(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    there = gmail.deliver(email)["id"]
    users = gmail.users(email)
    for form in ("metadata", "metadata", "full"):
        users.messages().get(userId="me", id=there, format=form).execute()
    gmail.users(other).getProfile(userId="me").execute()
    usage = gmail.control("GET", "usage", email=email).json()
    one = usage["gmail.users.messages.get"]
    assert (one["calls"], one["units"]) == (3, 60)
    assert one["formats"] == {"metadata": 2, "full": 1, "raw": 0, "minimal": 0}
    assert one["bytes"] > 500
    assert "gmail.users.getProfile" not in usage
    assert "gmail.users.getProfile" in gmail.control("GET", "usage").json()
    gmail.control("DELETE", "usage")
    assert gmail.control("GET", "usage").json() == {}
    assert gmail.control("GET", "usage", email="nobody@x.example").status == 404


def test_every_call_is_listed_with_its_id_format_and_status(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)["id"]
    users = gmail.users(email)
    users.messages().get(userId="me", id=there, format="metadata").execute()
    header = gmail.bearer(email)
    ask("GET", f"{gmail.url}/gmail/v1/users/me/messages/gone", headers=header)
    ask("GET", f"{gmail.url}/gmail/v1/users/me/messages/{there}", headers=header, nonsense=1)
    called = gmail.items("calls", email=email, method="gmail.users.messages.get")
    seen = [(one["id"], one["format"], one["status"]) for one in called]
    assert seen == [(there, "metadata", 200), ("gone", "full", 404), (there, "full", 400)]
    assert set(called[0]) == {"at", "method", "email", "id", "format", "status"}
    assert called[0]["at"].endswith("Z")
    token_calls = [one["method"] for one in gmail.items("calls", email=email)]
    assert token_calls[0] == "oauth.token"


def test_the_clock_moves_and_mail_gets_its_time(gmail: Running) -> None:
    before = gmail.control("GET", "clock").json()["now"]
    after = gmail.act("clock", {"advance_s": 3_600})["now"]
    assert after > before
    email = gmail.account()
    gmail.deliver(email)
    date = int(gmail.items(f"mailboxes/{email}/messages")[0]["internalDate"])
    assert 0 <= gmail.simulator.clock.now_ms() - date < 5_000


def test_all_switches_can_be_read(gmail: Running) -> None:
    switches = gmail.control("GET", "behaviour").json()
    assert switches["keep_x_headers"] is True
    assert gmail.act("behaviour", {"sent_shape": "label"})["sent_shape"] == "label"
    assert gmail.control("GET", "behaviour").json()["sent_shape"] == "label"


def test_it_starts_as_a_program_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.sandbox.gmail_simulator", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        try:
            assert ask("GET", f"{url}/control/clock").status == 200
        finally:
            program.terminate()
        assert program.wait(10) == 0
