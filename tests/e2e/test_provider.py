"""What goes through the location's mail provider: bulk, workflow, and mail of users without Gmail."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.client.crm import Crm
from tests.e2e.driver import Office, call, connect, mail, new_id, new_office, raw, until
from tests.e2e.dying_worker import DEAD
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.provider import PASSWORD
from tests.sandbox.settings import environment
from tests.sandbox.stack import Stack

MAILER = "mailer@provider.example"


@pytest.fixture(autouse=True)
def mended(stack: Stack) -> Iterator[None]:
    yield
    call("DELETE", f"{stack.endpoints.provider}/control/faults")


def fault(office: Office, at: str, **how: Any) -> None:
    assert call("POST", f"{office.endpoints.provider}/control/faults", body=[{"at": at, **how}]).status == 204


def people(office: Office, count: int) -> list[dict[str, str]]:
    """New contacts."""
    found = []
    for _ in range(count):
        name = new_id("p")
        office.backend.put_contact(name, f"{name}@customer.example")
        found.append({"address": f"{name}@customer.example"})
    return found


def taken(office: Office, *addresses: str) -> list[tuple[list[str], EmailMessage]]:
    """What the provider took for these people."""
    rows = [row for row in office.endpoints.provided() if set(row["rcpt_to"]) & set(addresses)]
    return [(row["rcpt_to"], message_from_bytes(raw(row), policy=policy.default)) for row in rows]


def ledger(office: Office, message: str) -> dict[str, dict[str, Any]]:
    """The recipients' rows by address."""
    answer = office.backend.ask("GET", "send_email", f"/messages/{message}/recipients")
    assert answer.status == 200, answer.body
    return {row["address"]: row for row in answer.json()["items"]}


def statuses(office: Office, message: str, to: list[dict[str, str]], *expected: str) -> dict[str, dict[str, Any]]:
    """The ledger, once it says so, the timer running as often as needed."""

    def look() -> dict[str, dict[str, Any]] | None:
        office.endpoints.run_schedule("reconcile_mailboxes")
        rows = ledger(office, message)
        return rows if [rows[one["address"]]["status"] for one in to] == list(expected) else None

    return until(look, within_s=30, every_s=0.3, what=f"{expected}")


def bulk(office: Office, to: list[dict[str, str]], crm: Crm | None = None, **more: Any) -> dict[str, Any]:
    body = {"kind": "bulk", "to": to, "subject": "News", "text": "Hello", **more}
    return (crm or office.backend).send(new_id("key"), body)


@pytest.mark.parametrize("who", ["crm", "backend"])
def test_R51_bulk_mail_goes_through_the_provider_each_recipient_alone_and_is_not_counted(
    office: Office, who: str
) -> None:
    to = people(office, 3)

    accepted = bulk(office, to, getattr(office, who), html="<p>Hello</p>")
    rows = statuses(office, accepted["id"], to, "sent", "sent", "sent")

    addresses = [one["address"] for one in to]
    found = taken(office, *addresses)
    assert [(rcpt, message["To"]) for rcpt, message in found] == [([one], one) for one in addresses]
    assert {message["From"] for _, message in found} == {f"Agency Mailer <{MAILER}>"}
    for one in addresses:
        (shown,) = office.crm.messages(one.partition("@")[0])
        assert (shown["id"], shown["status"], shown["direction"]) == (rows[one]["message"], "sent", "outbound")
    assert office.crm.message(accepted["id"])["status"] == "sent"
    assert office.gmail.sent(office.mailbox) == []
    assert office.crm.connection()["sends"]["left"] == 500
    events = until(
        lambda: (found := office.endpoints.happened("message.sent", office.location))[2:] and found, what="the events"
    )
    assert {event["data"]["message"] for event in events} == {row["message"] for row in rows.values()}


def test_R50_a_user_who_never_connected_sends_through_the_provider_and_who_did_through_gmail(
    stack: Stack, office: Office
) -> None:
    bare = new_office(stack.endpoints, connected=False)
    letter = {"to": [{"address": bare.contact_email}], "subject": "Hello", "text": "Hi"}

    accepted = bare.crm.send(new_id("key"), letter)
    bare.settled(accepted["id"])

    ((_, message),) = taken(bare, bare.contact_email)
    assert (message["From"], message["Reply-To"]) == (f"Uma User <{MAILER}>", f"Uma User <{bare.mailbox}>")
    office.settled(office.crm.send(new_id("key"), {**letter, "to": [{"address": office.contact_email}]})["id"])
    assert taken(office, office.contact_email) == []
    assert len(office.gmail.sent(office.mailbox)) == 1


def test_R50_F57_who_disconnected_or_must_reconnect_sends_nothing_by_another_way(office: Office) -> None:
    letter = {"to": [{"address": office.contact_email}], "subject": "Hello", "text": "Hi"}
    office.gmail.act(office.mailbox, "password")
    office.gmail.advance(3_700)
    until(
        lambda: (
            office.endpoints.run_schedule("reconcile_mailboxes")
            and office.crm.connection()["state"] == "reauth_required"
        ),
        every_s=0.3,
        what="the lost grant",
    )
    refused = office.crm.post_mail(new_id("key"), letter)
    office.crm.disconnect()
    gone = office.crm.post_mail(new_id("key"), letter)

    assert [(one.status, one.code) for one in (refused, gone)] == [(409, "reauth_required"), (409, "not_connected")]
    assert taken(office, office.contact_email) == []


def test_R51_a_location_has_a_provider_of_its_own_whose_password_only_a_secret_names(
    stack: Stack, office: Office
) -> None:
    secret = f"smtp-{office.backend.location}"
    (stack.plan.run_dir / "secrets" / secret).write_text(PASSWORD)
    own = {
        "host": "127.0.0.1",
        "port": stack.plan.ports["smtp"],
        "security": "starttls",
        "username": "sandbox",
        "password_secret": secret,
        "from": {"address": "Own@agency.example", "name": "Our own"},
    }
    kept = office.backend.put_location(name="Office", provider=own)
    to = people(office, 1)

    statuses(office, bulk(office, to)["id"], to, "sent")

    ((_, message),) = taken(office, to[0]["address"])
    assert message["From"] == "Our own <own@agency.example>"
    assert kept["provider"] == {**own, "from": {"address": "own@agency.example", "name": "Our own"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"password_secret": "KEYSET"},
        {"password_secret": "smtp-another-location"},
        {"password_secret": "smtp-../keyset.json"},
        {"security": "plain"},
        {"security": "none"},
        {"password_secret": None},
        {"port": 0},
        {"from": {"address": "nobody"}},
        {"password": "secret"},
        {"host": "a b"},
    ],
)
def test_T13_a_provider_that_is_not_as_described_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    right = {
        "host": "smtp.example.com",
        "port": 587,
        "security": "starttls",
        "username": "u",
        "password_secret": f"smtp-{office.backend.location}",
        "from": {"address": "a@b.example"},
    }
    assert office.backend.put_location(provider=right)["provider"]["from"]["name"] is None

    answer = office.backend.ask("PUT", "records", body={"name": "Office", "provider": {**right, **wrong}})

    assert (answer.status, answer.code) == (400, "invalid_request")


def test_F60_a_provider_that_offers_no_tls_gets_nothing_and_the_mail_says_why(office: Office) -> None:
    to = people(office, 1)
    call("POST", f"{office.endpoints.provider}/control/behaviour", body={"offers_starttls": False})

    accepted = bulk(office, to)
    statuses(office, accepted["id"], to, "failed")

    shown = office.crm.message(accepted["id"])
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "provider_refused")
    assert "STARTTLS" in shown["failure"]["message"]
    call("DELETE", f"{office.endpoints.provider}/control/faults")
    again = office.backend.retry(accepted["id"])
    assert (again.status, again.json()["status"]) == (202, "queued")
    statuses(office, accepted["id"], to, "sent")


def test_F60_each_recipient_has_their_own_fate_and_only_what_failed_is_sent_again(office: Office) -> None:
    to = people(office, 4)
    names = [one["address"] for one in to]
    fault(office, "rcpt", status=550, text="5.1.1 unknown", recipient=names[1], times=1)
    fault(office, "rcpt", status=451, text="4.7.1 later", recipient=names[2], times=1)
    fault(office, "end", drop="after", recipient=names[3], times=1)

    accepted = bulk(office, to)
    rows = statuses(office, accepted["id"], to, "sent", "failed", "queued", "unknown")
    assert "5.1.1 unknown" in rows[names[1]]["failure"]["message"]
    assert rows[names[2]]["failure"]["retry_at"]
    office.gmail.advance(90)
    statuses(office, accepted["id"], to, "sent", "failed", "sent", "unknown")
    assert office.backend.retry(accepted["id"]).status == 202
    statuses(office, accepted["id"], to, "sent", "sent", "sent", "unknown")
    assert office.backend.retry(rows[names[3]]["message"], was_sent=True).status == 202
    statuses(office, accepted["id"], to, "sent", "sent", "sent", "sent")

    assert sorted(rcpt for rcpt, _ in taken(office, *names)) == sorted([one] for one in names)
    assert office.backend.retry(accepted["id"]).code == "not_retryable"


@pytest.mark.parametrize("when", ["before", "after"])
def test_F61_a_run_killed_at_recipient_k_of_n_reaches_k_at_most_once_and_all_others_exactly_once(
    stack: Stack, office: Office, when: str
) -> None:
    to = people(office, 5)
    names = [one["address"] for one in to]
    died = subprocess.run(
        [sys.executable, "-m", "tests.e2e.dying_run", office.location, when, "2", *names],
        cwd=REPOSITORY,
        env={**os.environ, **environment(stack.plan, "deliver_email")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == DEAD, died.stderr.decode()
    run = died.stdout.decode()
    assert [rcpt for rcpt, _ in taken(office, *names)] == [[one] for one in names[: 2 if when == "before" else 3]]
    office.gmail.advance(300)

    statuses(office, run, to, "sent", "sent", "unknown", "sent", "sent")
    reached = [rcpt[0] for rcpt, _ in taken(office, *names)]
    assert sorted(reached) == sorted(one for one in names if one != names[2] or when == "after")
    doubtful = ledger(office, run)[names[2]]["message"]
    assert office.crm.message(doubtful)["status"] == "unknown"


def test_R52_matching_domain_sends_as_the_connected_address_and_its_answers_join_the_conversation(
    office: Office,
) -> None:
    office.backend.put_location(name="Office", policy={"bulk_from": "matching_domain"})
    to = [{"address": office.contact_email}]

    accepted = office.crm.send(
        new_id("key"),
        {"kind": "workflow", "to": to, "from": office.mailbox, "subject": "Offer", "text": "Hi"},
    )
    office.settled(accepted["id"])
    ((_, message),) = taken(office, office.contact_email)
    assert message["From"] == f"Uma User <{office.mailbox}>"
    answer = mail(office.contact_email, office.mailbox, "Re: Offer", "Yes", in_reply_to=message["Message-ID"])
    office.stored(office.gmail.deliver(office.mailbox, answer)["id"])

    assert sorted(one["subject"] for one in office.crm.messages(office.contact)) == ["Offer", "Re: Offer"]


def test_R52_a_consumer_domain_is_refused_as_sender_with_the_reason(stack: Stack) -> None:
    office = new_office(stack.endpoints, connected=False)
    address = f"{new_id('ada')}@gmail.com"
    office.endpoints.control().add_mailbox(address)
    connect(office.endpoints, office.crm, address)
    office.backend.put_location(name="Office", policy={"bulk_from": "matching_domain"})

    answer = office.crm.post_mail(
        new_id("key"),
        {"kind": "bulk", "to": people(office, 1), "from": address, "subject": "x", "text": "x"},
    )

    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "DMARC" in answer.json()["error"]["message"]


def test_R51_R53_two_hundred_recipients_over_few_connections_a_workflow_to_many_and_the_limits(office: Office) -> None:
    to = [*people(office, 1), *({"address": f"{new_id('q')}@elsewhere.example"} for _ in range(199))]

    accepted = bulk(office, to)
    statuses(office, accepted["id"], to[:100], *["sent"] * 100)
    second = office.backend.ask("GET", "send_email", f"/messages/{accepted['id']}/recipients", limit=100)
    until(lambda: len(taken(office, *(one["address"] for one in to))) == 200, within_s=30, what="all mails")

    assert second.json()["next_cursor"]
    reached = [rcpt[0] for rcpt, _ in taken(office, *(one["address"] for one in to))]
    assert sorted(reached) == sorted(one["address"] for one in to)
    tall = office.backend.post_mail(new_id("key"), {"kind": "workflow", "to": to[:101], "subject": "x", "text": "x"})
    assert (tall.status, tall.code) == (422, "too_many_recipients")


def test_T13_another_locations_ledger_is_not_there(stack: Stack, office: Office) -> None:
    to = people(office, 1)
    accepted = bulk(office, to)
    other = new_office(stack.endpoints, connected=False)

    assert other.crm.ask("GET", "send_email", f"/messages/{accepted['id']}/recipients").code == "not_found"
    assert (
        replace(office.crm, token=None).ask("GET", "send_email", f"/messages/{accepted['id']}/recipients").status == 401
    )


def test_R50_an_alias_sends_with_its_name_and_its_gmail_signature(stack: Stack) -> None:
    office = new_office(stack.endpoints, connected=False)
    address, alias = f"{new_id('ada')}@agency.example", f"{new_id('sales')}@agency.example"
    given = {"address": alias, "name": "Sales team", "signature": "<b>The</b> sales team"}
    office.endpoints.control().add_mailbox(address, name="Ada", aliases=[given])
    connect(office.endpoints, office.crm, address)
    office.crm.settings(signature=True)

    letter = {"to": [{"address": office.contact_email}], "subject": "Hi", "html": "<p>Hello</p>", "from": alias}
    accepted = office.crm.send(new_id("key"), letter)
    office.settled(accepted["id"])

    (row,) = office.gmail.sent(address)
    message = message_from_bytes(raw(row), policy=policy.default)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html
    assert text
    assert message["From"] == f"Sales team <{alias}>"
    assert '<div dir="ltr" class="gmail_signature"><b>The</b> sales team</div>' in html.get_content()
    assert text.get_content().splitlines() == ["Hello", "", "-- ", "The sales team"]
