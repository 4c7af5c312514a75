"""What leaves the CRM: sent once whatever happens on the way, refused with a reason, or shown as unknown."""

import base64
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.client.crm import Crm
from tests.client.wire import part
from tests.e2e.driver import Answer, File, Office, call, connect, new_id, raw, until
from tests.e2e.dying_worker import DEAD
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.settings import environment
from tests.sandbox.stack import Stack

MIB = 1_048_576
SEND = "gmail.users.messages.send"


def letter(office: Office, **more: Any) -> dict[str, Any]:
    return {"to": [{"address": office.contact_email}], "subject": "An offer", "text": "Take it.", **more}


def sent(office: Office) -> list[EmailMessage]:
    rows = office.gmail.sent(office.mailbox)
    return [message_from_bytes(raw(row), policy=policy.default) for row in rows]


def reconciled(office: Office, message: str, status: str) -> dict[str, Any]:
    """The message once it has the status, the timer running as often as needed."""

    def look() -> dict[str, Any] | None:
        office.endpoints.run_schedule("reconcile_mailboxes")
        seen = office.crm.message(message)
        return seen if seen["status"] == status else None

    return until(look, within_s=40, every_s=0.3, what=f"status {status}")


def test_r53_exactly_25_megabytes_go_out_whole_and_can_be_read_back(office: Office) -> None:
    first, second = os.urandom(20 * MIB), os.urandom(5 * MIB)

    accepted = office.crm.send(
        new_id("key"),
        letter(office, html='<p>See <img src="cid:plan.png"></p>'),
        [File("Größe 1.bin", "application/octet-stream", first), File("plan.png", "image/png", second)],
    )
    shown = office.settled(accepted["id"], within_s=60)

    (mail,) = sent(office)
    parts = {part.get_filename(): part.get_payload(decode=True) for part in mail.walk() if part.get_filename()}
    assert parts == {"Größe 1.bin": first, "plan.png": second}
    assert [one["size"] for one in shown["attachments"]] == [20 * MIB, 5 * MIB]
    assert [one["content_id"] for one in shown["attachments"]] == [None, "plan.png"]
    for one, content in zip(shown["attachments"], (first, second), strict=True):
        assert office.crm.attachment(accepted["id"], one["id"]).body == content


def test_r53_one_byte_more_is_refused_with_size_and_limit_and_nothing_is_kept(office: Office) -> None:
    answer = office.crm.post_mail(
        new_id("key"), letter(office), [File("a.bin", "application/octet-stream", bytes(25 * MIB + 1))]
    )

    assert (answer.status, answer.code) == (413, "too_large")
    assert answer.json()["error"]["details"] == {"size": 25 * MIB + 1, "limit": 25 * MIB}
    assert office.crm.conversations() == []


def test_f51_ten_posts_at_once_with_one_key_are_one_mail(office: Office) -> None:
    key, file = new_id("key"), File("a.txt", "text/plain", b"hello")

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: office.crm.post_mail(key, letter(office), [file]), range(10)))

    assert {answer.status for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    office.settled(answers[0].json()["id"])
    again = office.crm.post_mail(key, letter(office), [file])
    assert (again.status, again.json()["status"], again.json()["id"]) == (202, "queued", answers[0].json()["id"])
    other = office.crm.post_mail(key, letter(office, subject="Another"), [file])
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(sent(office)) == 1
    (conversation,) = office.crm.conversations()
    assert conversation["message_count"] == 1
    assert office.crm.connection()["sends"]["left"] == 499


def test_f55_of_twelve_sends_at_once_exactly_as_many_are_accepted_as_the_limit_has_room_for(office: Office) -> None:
    office.backend.put_location(name="Office", policy={"daily_limit": 5})

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: office.crm.post_mail(new_id("key"), letter(office)), range(12)))

    accepted = [answer.json()["id"] for answer in answers if answer.status == 202]
    assert sorted(answer.status for answer in answers) == [202] * 5 + [429] * 7
    for name in accepted:
        office.settled(name, within_s=30)
    assert len(sent(office)) == 5
    assert office.crm.connection()["sends"]["left"] == 0


@pytest.mark.parametrize("drop", [True, "before", "truncate"])
def test_f53_a_connection_that_breaks_during_the_send_leads_to_one_mail(office: Office, drop: object) -> None:
    office.gmail.fault(SEND, email=office.mailbox, times=1, drop=drop)

    accepted = office.crm.send(new_id("key"), letter(office), [File("a.bin", "image/png", os.urandom(MIB))])
    office.gmail.advance(20)

    shown = reconciled(office, accepted["id"], "sent")
    assert len(sent(office)) == 1
    assert shown["gmail"]
    assert shown["message_id"]


def test_f53_a_session_that_forgets_is_settled_by_the_sync(office: Office) -> None:
    switch = f"{office.endpoints.gmail.rstrip('/')}/control/behaviour"
    call("POST", switch, body={"session_answers_after_completion": False})
    try:
        office.gmail.fault(SEND, email=office.mailbox, times=1, drop=True)
        accepted = office.crm.send(new_id("key"), letter(office))
        office.settled(accepted["id"], within_s=30)
    finally:
        call("POST", switch, body={"session_answers_after_completion": True})

    assert len(sent(office)) == 1
    assert len(office.crm.messages(office.contact)) == 1


def test_f54_a_rate_refusal_keeps_the_mail_queued_with_its_time(office: Office) -> None:
    office.gmail.fault(SEND, email=office.mailbox, times=1, status=429, reason="rateLimitExceeded", retry_after=3600)

    accepted = office.crm.send(new_id("key"), letter(office))

    shown = until(
        lambda: (seen := office.crm.message(accepted["id"]))["failure"] and seen, what="the reason that it waits"
    )
    assert (shown["status"], shown["failure"]["code"]) == ("queued", "daily_limit_reached")
    assert shown["failure"]["retry_at"]
    office.gmail.advance(3_700)
    reconciled(office, accepted["id"], "sent")
    assert len(sent(office)) == 1


def test_f57_r56_a_lost_grant_fails_the_mail_which_is_kept_and_sent_again_after_reconnecting(office: Office) -> None:
    office.gmail.fault(SEND, email=office.mailbox, times=1, status=429, reason="rateLimitExceeded", retry_after=60)
    accepted = office.crm.send(new_id("key"), letter(office))
    until(lambda: office.crm.message(accepted["id"])["failure"], what="a mail that waits for Gmail")
    office.gmail.act(office.mailbox, "password")
    office.gmail.advance(70)

    failed = reconciled(office, accepted["id"], "failed")

    assert failed["failure"]["code"] == "reauth_required"
    assert office.crm.connection()["state"] == "reauth_required"
    refused = office.crm.post_mail(new_id("key"), letter(office))
    assert (refused.status, refused.code) == (409, "reauth_required")
    connect(office.endpoints, office.crm, office.mailbox, intent="reconnect")
    again = office.crm.retry(accepted["id"])
    assert (again.status, again.json()["status"]) == (202, "queued")
    office.settled(accepted["id"])
    assert len(sent(office)) == 1
    assert office.crm.retry(accepted["id"]).code == "not_retryable"


def test_f56_a_refused_mail_is_shown_with_its_reason(office: Office) -> None:
    office.gmail.fault(SEND, email=office.mailbox, times=1, status=400, reason="invalidArgument")

    accepted = office.crm.send(new_id("key"), letter(office))

    failure = office.settled(accepted["id"], "failed")["failure"]
    assert failure["code"] == "refused"
    until(lambda: office.endpoints.happened("message.failed", office.location), what="the event")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [0, 1, 2], ids=["claimed", "calling", "sent"])
def test_f52_a_worker_that_dies_at_any_commit_sends_once(stack: Stack, office: Office, when: str, number: int) -> None:
    arguments = [office.location, office.user, office.contact_email, when, str(number)]
    settings = {**os.environ, **environment(stack.plan, "deliver_email")}
    died = subprocess.run(
        [sys.executable, "-m", "tests.e2e.dying_delivery", *arguments],
        cwd=REPOSITORY,
        env=settings,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == DEAD, died.stderr.decode()
    message = died.stdout.decode()

    come_again(stack, message)
    office.gmail.advance(200)
    reconciled(office, message, "sent")

    assert len(sent(office)) == 1
    (shown,) = office.crm.messages(office.contact)
    assert shown["id"] == message
    events = until(lambda: office.endpoints.happened("message.sent", office.location), what="the event")
    assert {(event["id"], event["data"]["message"]) for event in events} == {(f"message.sent:{message}", message)}


def come_again(stack: Stack, message: str) -> None:
    """The push that the dead worker had not acknowledged."""
    content = base64.b64encode(json.dumps({"entry": message}).encode()).decode()
    envelope = {"message": {"data": content, "messageId": "dying"}, "subscription": "projects/p/subscriptions/s"}
    assert call("POST", f"{stack.plan.url('relay')}/push/deliver_email/outbox", body=envelope).status == 204


@pytest.mark.parametrize(
    ("key", "status"), [(None, 400), ("", 400), ("a" * 200, 202), ("a" * 201, 400), ("a b", 400), ("\u00e9", 400)]
)
def test_an_idempotency_key_is_needed(office: Office, key: str | None, status: int) -> None:
    assert post(office.crm, letter(office), key).status == status


def post(crm: Crm, mail: dict[str, Any], key: str | None) -> Answer:
    url = f"{crm.functions['send_email'].rstrip('/')}/locations/{crm.location}/messages"
    headers = {} if key is None else {"Idempotency-Key": key.encode().decode("latin-1")}
    return call(
        "POST",
        url,
        token=crm.token,
        headers=headers,
        form=[part("mail", json.dumps(mail).encode(), "application/json")],
    )


def test_t13_another_location_or_no_token_sends_nothing(office: Office) -> None:
    other = office.crm.in_location(new_id("loc")).post_mail(new_id("key"), letter(office))
    service = office.backend.post_mail(new_id("key"), letter(office))
    nobody = Crm(office.endpoints.functions, office.location, None).post_mail(new_id("key"), letter(office))

    assert [(one.status, one.code) for one in (other, service, nobody)] == [
        (404, "not_found"),
        (403, "forbidden"),
        (401, "unauthenticated"),
    ]
    assert sent(office) == []


def test_an_unknown_field_a_wrong_type_or_no_form_is_refused(office: Office) -> None:
    url = f"{office.endpoints.functions['send_email'].rstrip('/')}/locations/{office.location}/messages"
    headers = {"Idempotency-Key": new_id("key")}

    assert office.crm.post_mail(new_id("key"), letter(office, colour="red")).code == "invalid_request"
    assert office.crm.post_mail(new_id("key"), letter(office, subject=7)).code == "invalid_request"
    no_form = call("POST", url, token=office.crm.token, headers=headers, body=letter(office))
    assert (no_form.status, no_form.code) == (400, "invalid_request")
