"""The main job, from nothing, as a client plays it that has read only the contract."""

import base64
import os

from tests.client.gmail import raw
from tests.client.wire import File
from tests.e2e.driver import Endpoints, Office, mail, new_id, until


def test_a_mail_comes_in_is_answered_with_a_file_and_the_answer_comes_back(office: Office) -> None:
    arrived = office.arrives("A question", "Can we meet?")
    asked = office.stored(arrived["id"])
    content = os.urandom(70_000)

    accepted = office.crm.send(
        new_id("key"),
        {
            "to": [{"address": office.contact_email}],
            "subject": "Re: A question",
            "text": "Yes.",
            "reply_to": asked["id"],
        },
        [File("plan.bin", "application/octet-stream", content)],
    )
    sent = office.settled(accepted["id"])

    assert (asked["direction"], asked["conversation"], accepted["conversation"]) == (
        "inbound",
        office.contact,
        office.contact,
    )
    (copy,) = office.gmail.sent(office.mailbox)
    assert copy["threadId"] == arrived["threadId"] == sent["gmail"]["thread_id"]
    assert base64.b64encode(content)[:60] in raw(copy)

    back = office.arrives("Re: A question", "Good.", in_reply_to=sent["message_id"], references=sent["message_id"])
    answered = office.stored(back["id"])
    assert (back["threadId"], answered["conversation"]) == (arrived["threadId"], office.contact)
    items = office.crm.messages(office.contact)
    assert [one["id"] for one in items] == [answered["id"], sent["id"], asked["id"]]


def test_r23_a_strangers_mail_leaves_its_id_and_rule_and_its_body_is_never_asked_for(office: Office) -> None:
    stranger = office.arrives("Offer", "Buy", sender="stranger@elsewhere.example")

    item = office.decided(stranger["id"], "left_out")

    assert (item["rule"], item["message"]) == ("R23", None)
    formats = {one["format"] for one in office.gmail.calls(office.mailbox) if one["id"] == stranger["id"]}
    assert formats <= {"metadata", "minimal"}


def test_r13_what_the_user_sends_from_gmail_to_a_contact_is_in_the_conversation(office: Office) -> None:
    sent = office.gmail.send(office.mailbox, mail(office.mailbox, office.contact_email, "Lunch", "At noon?"))

    stored = office.stored(sent["id"])

    assert (stored["direction"], stored["origin"], stored["status"]) == ("outbound", "gmail", "sent")


def test_r18_a_lost_push_is_repaired_without_another_one(endpoints: Endpoints, office: Office) -> None:
    office.gmail.pushes(lose=1)
    arrived = office.arrives("Lost")

    office.gmail.advance(3_601)

    def repaired() -> bool:
        endpoints.run_schedule("reconcile_mailboxes")
        return any((one["gmail"] or {}).get("id") == arrived["id"] for one in office.crm.messages(office.contact))

    until(repaired, within_s=30, every_s=0.5, what="the mail whose push was lost")
