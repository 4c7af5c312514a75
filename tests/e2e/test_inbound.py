"""The inbound way on the running stack, under what Gmail and Pub/Sub do to it."""

import base64
import json
from typing import Any

import pytest

from tests.client.wire import call
from tests.e2e.driver import Endpoints, Office, connect, mail, raw, until
from tests.sandbox.stack import Stack

Row = dict[str, Any]


def subjects(office: Office) -> list[str]:
    return sorted(one["subject"] for one in office.crm.messages(office.contact))


def repaired(office: Office, *expected: str) -> None:
    """The timer has run until the conversation holds exactly these subjects."""

    def look() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return subjects(office) == sorted(expected)

    until(look, within_s=30, every_s=0.3, what=f"exactly {sorted(expected)}")


def formats(office: Office, gmail_id: str) -> list[str]:
    return [one["format"] for one in office.gmail.calls(office.mailbox) if one["id"] == gmail_id]


def pushed(office: Office, history_id: object, *, message_id: str = "1") -> Row:
    told = {"emailAddress": office.mailbox.upper(), "historyId": history_id}
    data = base64.b64encode(json.dumps(told).encode()).decode()
    return {"message": {"data": data, "messageId": message_id}, "subscription": "s"}


def test_f01_a_push_that_comes_three_times_stores_once_and_reads_once(office: Office) -> None:
    office.gmail.pushes(duplicate=2)
    arrived = office.arrives("Once")
    office.stored(arrived["id"])
    office.gmail.end_pushes()
    office.stored(office.arrives("Another")["id"])
    assert subjects(office) == ["Another", "Once"]
    assert formats(office, arrived["id"]) == ["metadata", "full"]


def test_f05_ten_pushes_at_the_same_instant_make_one_worker(office: Office) -> None:
    office.gmail.pushes(duplicate=9)
    arrived = office.arrives("At once")
    office.stored(arrived["id"])
    office.gmail.end_pushes()
    assert formats(office, arrived["id"]) == ["metadata", "full"]
    (conversation,) = office.crm.conversations()
    assert conversation["message_count"] == 1


def test_f02_pushes_that_were_held_and_come_late_and_out_of_order_change_nothing(office: Office) -> None:
    office.gmail.pushes(hold=True)
    office.arrives("First")
    office.arrives("Second")
    office.gmail.end_pushes()
    repaired(office, "First", "Second")


def test_f04_a_burst_of_which_gmail_notifies_only_the_beginning_is_stored_whole(office: Office) -> None:
    office.gmail.ask("POST", "behaviour", body={"excess_notifications": "drop"})
    try:
        names = [f"Number {number:02}" for number in range(25)]
        for name in names:
            office.arrives(name)
        office.gmail.advance(61)
        repaired(office, *names)
    finally:
        office.gmail.ask("POST", "behaviour", body={"excess_notifications": "delay"})


@pytest.mark.parametrize("authorization", ["", "Bearer x.y.z", "Basic abc"])
def test_t11_a_push_that_does_not_prove_itself_is_refused(office: Office, authorization: str) -> None:
    url = office.endpoints.functions["process_history"]
    answer = call("POST", f"{url}/", body=pushed(office, 5), headers={"Authorization": authorization})
    assert answer.status in {401, 403}
    assert answer.code in {"unauthenticated", "forbidden"}


def relayed(stack: Stack, office: Office, body: Any) -> int:
    """A push as Pub/Sub makes it, through the relay that signs it."""
    url = stack.plan.url("relay")
    return call("POST", f"{url}/push/process_history/gmail-notifications", body=body).status


@pytest.mark.parametrize("history_id", [-1, "x", 2**63, None, 1.5, True, "9" * 40])
def test_f47_a_push_with_a_history_id_that_is_none_is_acknowledged(
    stack: Stack, office: Office, history_id: object
) -> None:
    assert relayed(stack, office, pushed(office, history_id)) == 204


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"message": {"data": "%%%", "messageId": "1"}}', b'{"message": 3}']
)
def test_f47_a_malformed_push_is_acknowledged_and_loses_nothing(stack: Stack, office: Office, body: bytes) -> None:
    assert relayed(stack, office, body) == 204
    office.stored(office.arrives("After it")["id"])


def test_f47_a_push_for_a_mailbox_that_nobody_connected_is_acknowledged(stack: Stack, office: Office) -> None:
    told = pushed(office, 7)
    unknown = base64.b64encode(json.dumps({"emailAddress": "nobody@x.example", "historyId": 7}).encode()).decode()
    told["message"]["data"] = unknown
    assert relayed(stack, office, told) == 204


def test_f09_after_the_history_expired_the_gap_is_caught_up(office: Office) -> None:
    office.stored(office.arrives("Before")["id"])
    office.gmail.pushes(lose=100)
    office.arrives("In the gap")
    office.gmail.act(office.mailbox, "expire_history")
    office.gmail.end_pushes()
    office.arrives("After")
    repaired(office, "Before", "In the gap", "After")


def test_r19_mail_rescued_from_spam_arrives_then(office: Office) -> None:
    made = mail(office.contact_email, office.mailbox, "Mistaken for spam", "Hello")
    spam = office.gmail.deliver(office.mailbox, made, labels="SPAM,UNREAD")
    item = office.decided(spam["id"], "left_out")
    assert item["rule"] == "R19"
    assert "full" not in formats(office, spam["id"])
    office.gmail.act(office.mailbox, "labels", id=spam["id"], add=["INBOX"], remove=["SPAM"])
    assert office.stored(spam["id"])["subject"] == "Mistaken for spam"


@pytest.mark.parametrize("shape", ["added", "label"])
def test_r19_f17_of_a_draft_that_is_saved_again_and_again_only_the_sent_mail_is_stored(
    office: Office, shape: str
) -> None:
    draft: Row = {}
    for number in range(4):
        made = mail(office.mailbox, office.contact_email, f"Draft {number}", "So far")
        told = {"raw": base64.urlsafe_b64encode(bytes(made)).decode()}
        draft = office.gmail.act(office.mailbox, "draft", **told, **({"draft_id": draft["draft_id"]} if draft else {}))
    office.gmail.act(office.mailbox, "draft", draft_id=draft["draft_id"], act="send", shape=shape)

    def sent() -> list[Row] | None:
        return office.crm.messages(office.contact) or None

    (message,) = until(sent, what="the sent draft")
    assert (message["subject"], message["direction"], message["status"]) == ("Draft 3", "outbound", "sent")


def test_r17_reading_and_starring_in_gmail_shows_in_the_crm(office: Office) -> None:
    arrived = office.arrives("Read me")
    assert office.stored(arrived["id"])["read"] is False
    office.gmail.act(office.mailbox, "labels", id=arrived["id"], add=["STARRED"], remove=["UNREAD"])

    def mirrored() -> bool:
        one = office.stored(arrived["id"])
        return bool(one["read"] and one["starred"])

    until(mirrored, what="read and starred")
    (conversation,) = office.crm.conversations()
    assert conversation["unread"] == 0


def test_f18_f20_trouble_at_gmail_pauses_and_loses_nothing(office: Office) -> None:
    office.gmail.fault(
        "gmail.users.messages.get", email=office.mailbox, times=1, status=429, reason="rateLimitExceeded"
    )
    office.arrives("Later")
    until(lambda: any(one["status"] == 429 for one in office.gmail.calls(office.mailbox)), what="the refusal")
    office.gmail.end_faults()
    office.gmail.advance(3_600)
    repaired(office, "Later")


def test_r06_a_password_change_is_shown_and_after_reconnecting_the_gap_is_there(
    endpoints: Endpoints, office: Office
) -> None:
    office.stored(office.arrives("Before")["id"])
    office.gmail.act(office.mailbox, "password")
    office.gmail.advance(7_200)
    office.arrives("In the gap")

    def told() -> bool:
        endpoints.run_schedule("reconcile_mailboxes")
        return bool(office.crm.connection()["state"] == "reauth_required")

    until(told, what="reauth_required")
    problem = office.crm.connection()["problem"]
    assert problem["code"] == "reauth_required"
    assert problem["action"]
    until(lambda: endpoints.happened("connection.reauth_required", office.location), what="the event")
    connect(endpoints, office.crm, office.mailbox, intent="reconnect")
    repaired(office, "Before", "In the gap")


def test_r36_after_a_disconnect_nothing_more_is_stored_and_what_is_there_stays(office: Office) -> None:
    office.stored(office.arrives("Before")["id"])
    assert office.crm.disconnect()["state"] == "disconnected"
    office.arrives("After")
    office.gmail.advance(3_700)
    office.endpoints.run_schedule("reconcile_mailboxes")
    assert subjects(office) == ["Before"]
    assert office.crm.disconnect()["state"] == "disconnected"


def test_a_mail_with_a_file_is_there_whole(office: Office) -> None:
    made = mail(office.contact_email, office.mailbox, "With a file", "See the file")
    content = bytes(range(256)) * 5_000
    made.add_attachment(content, maintype="application", subtype="octet-stream", filename="numbers.bin")
    arrived = office.gmail.deliver(office.mailbox, made)
    message = office.stored(arrived["id"])
    (attachment,) = message["attachments"]
    assert (attachment["filename"], attachment["size"], attachment["state"]) == ("numbers.bin", len(content), "ready")
    answer = office.crm.attachment(message["id"], attachment["id"])
    assert answer.body == content
    assert raw(office.gmail.messages(office.mailbox)[-1])
