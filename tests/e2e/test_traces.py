"""One trace finds everything that followed from one request, in the log of every function that took part."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.client.wire import part
from tests.e2e.driver import Office, call, new_id, ok, until
from tests.e2e.dying_worker import DEAD
from tests.e2e.log_lines import LABELS, SPAN, TRACE, Line, by, lines, new_trace, of, one, parent
from tests.sandbox.plan import PROJECT, REPOSITORY
from tests.sandbox.settings import environment
from tests.sandbox.stack import Stack

SEND = "gmail.users.messages.send"


def accepted(office: Office, trace: str) -> str:
    """A mail that was accepted under the trace → its id."""
    url = f"{office.endpoints.functions['send_email'].rstrip('/')}/locations/{office.location}/messages"
    mail = {"to": [{"address": office.contact_email}], "subject": "An offer", "text": "Take it."}
    headers = {"Idempotency-Key": new_id("key"), **parent(trace)}
    form = [part("mail", json.dumps(mail).encode(), "application/json")]
    return str(ok(call("POST", url, token=office.crm.token, headers=headers, form=form), "send")["id"])


def published(stack: Stack, name: str) -> Line:
    """The line of the event's publication."""

    def look() -> Line | None:
        return next((line for line in lines(stack) if name in line.get("events", [])), None)

    return until(look, what=f"the publication of {name}")


def timer_until(office: Office, message: str, status: str) -> None:
    def look() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return bool(office.crm.message(message)["status"] == status)

    until(look, within_s=40, every_s=0.3, what=f"status {status}")


def test_a_send_is_found_from_its_request_to_its_event_under_one_trace(stack: Stack, office: Office) -> None:
    trace = new_trace()
    message = accepted(office, trace)

    request = one(stack, trace, "send_email", "request", entry=message)
    queued = one(stack, trace, "send_email", "published", entries=[message])
    delivery = one(stack, trace, "deliver_email", "push", entry=message, outcome="sent", attempt=1)
    event = one(stack, trace, "deliver_email", "published", events=[f"message.sent:{message}"])
    told = one(stack, trace, "deliver_events", "push", event=f"message.sent:{message}")

    assert request[TRACE] == f"projects/{PROJECT}/traces/{trace}"
    assert (request["route"], request["status"], request["role"]) == ("/locations/{location}/messages", 202, "user")
    assert (request["location"], request["user"]) == (office.location, office.user)
    assert request[SPAN] == queued[SPAN] == request["correlation_id"]
    assert delivery[SPAN] == event[SPAN] == delivery["correlation_id"]
    assert "run" not in request
    assert len({delivery["run"], told["run"], trace}) == 3, "each push is a request of its own, too"
    assert delivery["run"] == event["run"]
    assert delivery[LABELS] == {"function": "deliver_email", "revision": "deliver_email-00001-run"}


def test_a_mail_that_comes_in_is_found_from_its_push_to_its_event_under_one_trace(stack: Stack, office: Office) -> None:
    message = office.stored(office.arrives("A question")["id"])["id"]

    event = published(stack, f"message.stored:{office.location}:{message}")
    trace = of(event)
    sync = one(stack, trace, "process_history", "push", outcome="synced")
    told = one(stack, trace, "deliver_events", "push", event=f"message.stored:{office.location}:{message}")

    assert by(event) == "process_history"
    assert event[SPAN] == sync[SPAN]
    assert sync["push"].isdigit()
    assert sync["mailbox"]
    assert sync["counts"]["stored"] >= 1
    assert told["run"] != trace


def test_the_correlation_id_of_a_refusal_finds_its_line_and_its_trace(stack: Stack, office: Office) -> None:
    trace = new_trace()
    url = f"{office.endpoints.functions['conversations'].rstrip('/')}/locations/{office.location}/messages/nobodys"
    answer = call("GET", url, token=office.crm.token, headers=parent(trace))

    told: dict[str, Any] = answer.json()["error"]
    refused = one(stack, trace, "conversations", "refused", correlation_id=told["correlation_id"])

    assert (refused["code"], refused["status"], refused["ids"]) == ("not_found", 404, {"message": "nobodys"})
    assert refused[SPAN] == told["correlation_id"]


def test_a_send_that_the_timer_takes_up_is_found_under_its_first_trace(stack: Stack, office: Office) -> None:
    office.gmail.fault(SEND, email=office.mailbox, times=1, status=429, reason="rateLimitExceeded", retry_after=3600)
    trace = new_trace()
    message = accepted(office, trace)
    one(stack, trace, "deliver_email", "push", entry=message, outcome="queued")
    office.gmail.advance(3_700)
    timer_until(office, message, "sent")

    again = one(stack, trace, "reconcile_mailboxes", "published", topic="outbox")
    delivery = one(stack, trace, "deliver_email", "push", entry=message, outcome="sent")

    assert message in again["entries"]
    assert delivery["attempt"] > 1
    run = one(stack, again["run"], "reconcile_mailboxes", "scheduled run")
    assert run["counts"]["sends"] >= 1
    assert run[SPAN] == again[SPAN], "the timer's own line is found from the send's"


def test_f52_a_send_whose_worker_died_is_found_under_its_first_trace(stack: Stack, office: Office) -> None:
    trace = new_trace()
    arguments = [office.location, office.user, office.contact_email, "after", "1", trace]
    died = subprocess.run(
        [sys.executable, "-m", "tests.e2e.dying_delivery", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment(stack.plan, "deliver_email")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == DEAD, died.stderr.decode()
    message = died.stdout.decode()
    office.gmail.advance(200)
    timer_until(office, message, "sent")

    again = one(stack, trace, "reconcile_mailboxes", "published", topic="outbox")
    one(stack, trace, "deliver_email", "push", entry=message)
    event = published(stack, f"message.sent:{message}")

    assert message in again["entries"]
    assert of(event) == trace
