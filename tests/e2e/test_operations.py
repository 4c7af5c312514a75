"""Operators of a running deployment: what they see, and that what they do is done."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.client.operator import Operator
from tests.client.wire import call, ok
from tests.e2e.driver import Endpoints, Office, Row, new_id, until
from tests.sandbox.plan import PROJECT, REPOSITORY, Plan
from tests.sandbox.stack import Stack


@pytest.fixture
def operator(endpoints: Endpoints) -> Operator:
    return Operator.of(endpoints)


def parked(office: Office, operator: Operator, subject: str) -> tuple[str, str]:
    """A mail that Gmail does not hand out → the paths of its mailbox and of itself; from then on Gmail does."""
    office.gmail.fault("gmail.users.messages.get", email=office.mailbox, status=400, reason="invalidArgument", times=99)
    gmail_id = office.arrives(subject)["id"]

    def look() -> Row | None:
        return next((one for one in operator.items("/parked") if one["gmail_id"] == gmail_id), None)

    item = until(look, what="the parked mail")
    office.gmail.end_faults()
    assert item["reason"] == "unreadable: Refused"
    return f"/mailboxes/{item['mailbox']}", f"/mailboxes/{item['mailbox']}/parked/{gmail_id}"


def an_hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def at_rest(office: Office, operator: Operator, mailbox: str) -> None:
    """The mailbox has nothing to look for until the next sweep, an hour from now."""

    def look() -> bool:
        office.gmail.advance(6)
        office.endpoints.run_schedule("reconcile_mailboxes")
        seen = operator.get(mailbox)
        ahead = datetime.fromisoformat(seen["wakes_at"]) - datetime.fromisoformat(seen["last_synced_at"])
        return not seen["activities"] and ahead > timedelta(minutes=10)

    until(look, what="a mailbox at rest")


def test_a_parked_mail_is_seen_and_is_stored_once_it_is_replayed(office: Office, operator: Operator) -> None:
    mailbox, mail = parked(office, operator, "Parked")
    status = operator.get("/status")
    assert "unreadable: Refused" in [one["reason"] for one in status["parked"]["reasons"]]
    assert operator.get(mailbox)["coverage"]["parked"] == 1

    operator.act(f"{mail}/replay")

    assert office.stored(mail.rpartition("/")[2])["subject"] == "Parked"
    until(lambda: operator.get(mailbox)["coverage"]["parked"] == 0, what="nothing parked")
    assert operator.ask("POST", f"{mail}/replay", body={}).status == 404
    assert operator.get("/acts")["items"][0]["act"] == "replayed"


def test_a_dropped_mail_stays_out_whatever_is_looked_at_again(office: Office, operator: Operator) -> None:
    mailbox, mail = parked(office, operator, "Dropped")
    gmail_id = mail.rpartition("/")[2]

    told = operator.act(f"{mail}/drop", why="Ticket 7")
    assert operator.act(f"{mail}/drop", why="Ticket 8") == told
    operator.act(f"{mailbox}/relist", since=an_hour_ago())
    until(lambda: operator.get(mailbox)["relist"] is None, what="the end of the window")

    office.decided(gmail_id, "dropped")
    assert office.stored(office.arrives("Next")["id"])["subject"] == "Next"
    assert [one["subject"] for one in office.crm.messages(office.contact)] == ["Next"]
    coverage = operator.get(mailbox)["coverage"]
    assert (coverage["dropped"], coverage["parked"], coverage["percent"]) == (1, 0, 100.0)


def forget(plan: Plan, *paths: str) -> None:
    """Documents that are lost, as after a restore of an older backup."""
    for path in paths:
        url = f"{plan.url('firestore')}/v1/projects/{PROJECT}/databases/(default)/documents/{path}"
        ok(call("DELETE", url, token="owner"), path)


def test_what_a_deployment_lost_is_stored_again_by_listing_its_time_again(
    stack: Stack, office: Office, operator: Operator
) -> None:
    lost, kept = (office.stored(office.arrives(subject)["id"]) for subject in ("Lost", "Kept"))
    mailbox = operator.mailbox_of(office.location)
    gmail_id = lost["gmail"]["id"]
    forget(stack.plan, f"gmail_ids/{mailbox['id']}_{gmail_id}", f"locations/{office.location}/messages/{lost['id']}")
    assert office.crm.ask("GET", "conversations", f"/messages/{lost['id']}").status == 404

    told = operator.act(f"/mailboxes/{mailbox['id']}/relist", since=an_hour_ago())

    assert told["relist"]["since"] == mailbox["locations"][0]["connected_at"]
    assert office.stored(gmail_id)["id"] == lost["id"]
    until(lambda: operator.get(f"/mailboxes/{mailbox['id']}")["relist"] is None, what="the end of the window")
    assert sorted(one["id"] for one in office.crm.messages(office.contact)) == sorted([lost["id"], kept["id"]])
    assert operator.get(f"/mailboxes/{mailbox['id']}")["cursor"] >= mailbox["cursor"]


def test_F03_a_mailbox_whose_push_was_lost_is_looked_at_when_an_operator_says_so(
    office: Office, operator: Operator
) -> None:
    office.stored(office.arrives("Before")["id"])
    mailbox = f"/mailboxes/{operator.mailbox_of(office.location)['id']}"
    at_rest(office, operator, mailbox)
    office.gmail.pushes(lose=1)
    silent = office.arrives("Silent")

    operator.act(f"{mailbox}/reconcile")

    assert office.stored(silent["id"])["subject"] == "Silent"


def test_lists_that_come_in_pages_have_each_item_once(office: Office, operator: Operator) -> None:
    for subject in ("One", "Two"):
        _, mail = parked(office, operator, subject)
        operator.act(f"{mail}/replay")
        parked(office, operator, f"{subject} more")
    for path, query in (("/mailboxes", {}), ("/mailboxes", {"state": "connected"}), ("/parked", {}), ("/acts", {})):
        whole = [str(one.get("id") or (one["mailbox"], one["gmail_id"])) for one in operator.items(path, **query)]
        paged = [
            str(one.get("id") or (one["mailbox"], one["gmail_id"])) for one in operator.items(path, limit=1, **query)
        ]
        assert len(whole) > 1
        assert paged == whole


def test_T13_nobody_but_an_operator_comes_in(office: Office, endpoints: Endpoints, operator: Operator) -> None:
    for path in ("/status", "/mailboxes", "/parked", "/acts"):
        for role in ("user", "admin", "service"):
            other = Operator(operator.url, endpoints.token(office.user, [office.location], role))
            answer = other.ask("GET", path)
            assert (answer.status, answer.code) == (403, "forbidden")
        assert call("GET", f"{operator.url}{path}").status == 401
    assert operator.ask("GET", f"/mailboxes/{new_id('box')}").status == 404


def test_I2_nothing_that_operators_see_has_an_address_or_a_word_of_mail(office: Office, operator: Operator) -> None:
    office.stored(office.arrives("Canarysubject", "Canarybody")["id"])
    parked(office, operator, "Canaryparked")
    mailbox = operator.mailbox_of(office.location)
    seen = [operator.ask("GET", path).body for path in ("/status", "/mailboxes", "/parked", "/acts")]
    seen += [operator.ask("GET", f"/mailboxes/{mailbox['id']}").body]
    seen += [operator.ask("GET", "/sends", state=state).body for state in ("queued", "unknown", "failed")]
    for secret in (b"Canary", b"@", office.mailbox.encode(), office.contact_email.encode(), b"sealed"):
        assert [one for one in seen if secret in one] == []


def test_make_status_tells_it_in_plain_words(stack: Stack, office: Office, operator: Operator, tmp_path: Path) -> None:
    parked(office, operator, "Parked")
    command = [sys.executable, "-m", "tests.sandbox", "status", "--run-dir"]

    said = subprocess.run(
        [*command, str(stack.plan.run_dir)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )

    needs = operator.get("/status")["attention"]
    assert said.returncode == (1 if needs else 0), said.stderr
    assert "unreadable: Refused" in said.stdout
    assert [need["action"] for need in needs if need["action"] not in said.stdout] == []
    assert "@" not in said.stdout

    nowhere = subprocess.run(
        [*command, str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert (nowhere.returncode, nowhere.stdout, nowhere.stderr.count("\n")) == (2, "", 1)
    assert "make run" in nowhere.stderr
