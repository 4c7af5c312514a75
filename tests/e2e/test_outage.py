"""Parts of the world that are down for a while: nothing accepted is lost, and callers are told to come again."""

import threading

from tests.e2e.driver import Answer, Office, new_id, until
from tests.sandbox.faults import crash, frozen
from tests.sandbox.stack import Stack


def test_f26_while_the_store_does_not_answer_callers_are_told_to_come_again_and_pushes_are_not_lost(
    stack: Stack, office: Office
) -> None:
    office.stored(office.arrives("Before")["id"])
    answers: list[Answer] = []
    with frozen(stack.plan, "firestore"):
        asking = threading.Thread(
            target=lambda: answers.append(office.crm.ask("GET", "conversations", "/conversations"))
        )
        asking.start()
        arrived = office.arrives("Meanwhile")
        asking.join(60)
    (answer,) = answers
    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    office.gmail.advance(120)

    def there() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return any((one["gmail"] or {}).get("id") == arrived["id"] for one in office.crm.messages(office.contact))

    until(there, within_s=60, every_s=0.5, what="the mail that came meanwhile")
    assert len(office.crm.messages(office.contact)) == 2


def test_f20_while_gmail_is_down_mail_waits_on_both_sides_and_then_goes_through_once(office: Office) -> None:
    first = office.stored(office.arrives("Before")["id"])
    office.gmail.fault("*", email=office.mailbox, status=503, reason="backendError")
    office.arrives("Meanwhile")
    reply = {
        "to": [{"address": office.contact_email}],
        "subject": "Re: Before",
        "text": "Yes.",
        "reply_to": first["id"],
    }
    accepted = office.crm.send(new_id("key"), reply)
    until(lambda: any(one["status"] == 503 for one in office.gmail.calls(office.mailbox)), what="a refusal")
    office.gmail.end_faults()
    office.gmail.advance(3_600)

    def whole() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        found = {one["subject"]: one["status"] for one in office.crm.messages(office.contact)}
        return found == {"Before": "received", "Meanwhile": "received", "Re: Before": "sent"}

    until(whole, within_s=60, every_s=0.5, what="both mails")
    (copy,) = office.gmail.sent(office.mailbox)
    assert copy["threadId"] == first["gmail"]["thread_id"]
    assert office.crm.message(accepted["id"])["status"] == "sent"


def test_f45_a_function_that_is_killed_while_it_works_is_started_anew_and_the_mail_is_there_once(
    stack: Stack, office: Office
) -> None:
    office.gmail.fault("gmail.users.messages.get", email=office.mailbox, delay_ms=700, times=1)
    arrived = office.arrives("Interrupted")
    until(lambda: office.gmail.calls(office.mailbox, "gmail.users.history.list"), what="the worker")
    crash(stack.plan, "process_history")
    office.gmail.advance(3_700)

    def there() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return any((one["gmail"] or {}).get("id") == arrived["id"] for one in office.crm.messages(office.contact))

    until(there, within_s=60, every_s=0.5, what="the mail")
    (conversation,) = office.crm.conversations()
    assert conversation["message_count"] == 1
