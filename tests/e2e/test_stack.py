"""The stack as the contract promises it to a client that knows nothing else."""

import json

from tests.e2e.driver import Endpoints, call, ok
from tests.sandbox.stack import Stack


def test_endpoints_are_written_in_the_agreed_form(stack: Stack) -> None:
    written = json.loads((stack.plan.run_dir / "endpoints.json").read_text())

    assert set(written) == {"functions", "gmail", "issuer", "return_to", "provider", "events", "mx", "seed"}
    assert set(written["seed"]) == {"location", "service_token", "users", "contacts"}
    assert all(set(user) == {"id", "email", "mailbox", "token"} for user in written["seed"]["users"])
    assert all(set(contact) == {"id", "email"} for contact in written["seed"]["contacts"])


def test_the_demonstrations_users_are_connected(endpoints: Endpoints) -> None:
    for user in endpoints.seed["users"]:
        connection = endpoints.crm(user["id"], endpoints.seed["location"]).connection()

        assert (connection["state"], connection["address"]) == ("connected", user["mailbox"])


def test_scheduled_work_can_be_asked_for_and_tells_what_it_did(endpoints: Endpoints) -> None:
    for function in ("renew_watches", "reconcile_mailboxes"):
        counts = endpoints.run_schedule(function)

        assert all(isinstance(count, int) for count in counts.values())


def test_the_page_that_a_consent_returns_to_shows_how_to_go_on(endpoints: Endpoints) -> None:
    shown = call("GET", endpoints.return_to, query={"connect_code": "<one>"})

    assert shown.status == 200
    assert b"&lt;one&gt;" in shown.body
    assert b"/connection/complete" in shown.body


def test_the_clock_of_the_stack_is_the_functions_clock(endpoints: Endpoints) -> None:
    gmail = endpoints.control()
    location = endpoints.seed["location"]
    before = gmail.advance(0)

    later = gmail.advance(5)

    consent = endpoints.crm(endpoints.seed["users"][0]["id"], location).begin_consent(endpoints.return_to, "reconnect")
    assert before < later < consent["expires_at"]
    assert ok(call("GET", f"{endpoints.gmail}/control/clock"), "clock")["now"] >= later
