"""What becomes of threads and sends when a user changes to another Gmail account, or ends the connection."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.e2e.driver import Office, Row, connect, mail, new_id, new_office, ok, raw, return_from_consent, until

SEND = "gmail.users.messages.send"


def another_account(office: Office) -> str:
    email = f"{new_id('other')}@agency.example"
    office.gmail.add_mailbox(email)
    return email


def send(office: Office, **more: str) -> str:
    asked = {"to": [{"address": office.contact_email}], "subject": "Re: Question", "text": "Yes.", **more}
    return str(office.crm.send(new_id("key"), asked)["id"])


def sent_from(office: Office, mailbox: str) -> list[EmailMessage]:
    rows = office.gmail.messages(mailbox, label="SENT")
    return [message_from_bytes(raw(row), policy=policy.default) for row in rows]


def arrived(office: Office, subject: str) -> Row:
    def look() -> Row | None:
        return next((one for one in office.crm.messages(office.contact) if one["subject"] == subject), None)

    return until(look, what=subject)


def test_R37_R38_a_thread_of_the_old_mailbox_goes_on_from_the_new_one(office: Office) -> None:
    asked = office.stored(office.arrives("Question", message_id=f"<{new_id('q')}@customer.example>")["id"])
    other = another_account(office)
    connect(office.endpoints, office.crm, other, intent="update")
    assert office.crm.message(asked["id"])["gmail"] == asked["gmail"]

    answer = office.settled(send(office, reply_to=asked["id"]))

    (went,) = sent_from(office, other)
    assert (went["From"], went["In-Reply-To"], went["References"]) == (other, *[asked["message_id"]] * 2)
    assert sent_from(office, office.mailbox) == []
    assert answer["conversation"] == asked["conversation"]
    about = {"in_reply_to": answer["message_id"], "references": f"{asked['message_id']} {answer['message_id']}"}
    office.gmail.deliver(other, mail(office.contact_email, other, "Re: Re: Question", "Good.", **about))
    assert arrived(office, "Re: Re: Question")["gmail"]["thread_id"] == answer["gmail"]["thread_id"]
    old = {"in_reply_to": asked["message_id"], "references": asked["message_id"]}
    office.arrives("Re: Question to the old address", **old)
    office.gmail.deliver(other, mail(office.contact_email, other, "Last", "Bye."))
    arrived(office, "Last")
    assert "Re: Question to the old address" not in [one["subject"] for one in office.crm.messages(office.contact)]


def test_R37_an_answer_to_mail_of_the_old_mailbox_finds_its_conversation_in_the_new_one(office: Office) -> None:
    office.backend.put_contact("colleague", f"{new_id('dora')}@customer.example")
    asked = office.stored(office.arrives("Question", message_id=f"<{new_id('q')}@customer.example>")["id"])
    other = another_account(office)
    connect(office.endpoints, office.crm, other, intent="update")

    about = {"in_reply_to": asked["message_id"], "references": asked["message_id"]}
    office.gmail.deliver(other, mail(office.contact_email, other, "Fwd: Question", "Once more.", **about))

    assert arrived(office, "Fwd: Question")["conversation"] == asked["conversation"]


def test_R37_updating_back_to_the_first_account_begins_a_life_of_its_own(office: Office) -> None:
    office.stored(office.arrives("First life")["id"])
    other = another_account(office)
    connect(office.endpoints, office.crm, other, intent="update")
    office.arrives("In the gap")

    again = connect(office.endpoints, office.crm, office.mailbox, intent="update")

    assert (again["state"], again["address"]) == ("connected", office.mailbox)
    office.arrives("Second life")
    arrived(office, "Second life")
    assert {one["subject"] for one in office.crm.messages(office.contact)} == {"First life", "Second life"}
    office.gmail.deliver(other, mail(office.contact_email, other, "To the other", "Hello"))
    office.arrives("Last")
    arrived(office, "Last")
    assert "To the other" not in [one["subject"] for one in office.crm.messages(office.contact)]


def test_R37_a_switch_that_is_refused_leaves_the_old_account_syncing(office: Office) -> None:
    other = another_account(office)
    _, back = return_from_consent(office.endpoints, office.crm, other, intent="update", deny=True)
    assert back["error"] == "access_denied"
    taken = new_office(office.endpoints)
    colleague = new_id("user")
    office.backend.put_user(colleague, f"{colleague}@agency.example")
    connect(office.endpoints, office.endpoints.crm(colleague, office.location), taken.mailbox)
    _, back = return_from_consent(office.endpoints, office.crm, taken.mailbox, intent="update")
    refused = office.crm.ask("POST", "connections", "/connection/complete", body={"connect_code": back["connect_code"]})

    assert (refused.status, refused.json()["error"]["code"]) == (409, "mailbox_in_use")
    assert office.crm.connection()["address"] == office.mailbox
    office.stored(office.arrives("Still here")["id"])
    assert taken.crm.connection()["state"] == "connected"


def test_R36_R39_what_waits_to_be_sent_fails_at_once_and_goes_out_after_the_next_connection(office: Office) -> None:
    office.gmail.fault(SEND, email=office.mailbox, times=1, status=429, reason="rateLimitExceeded", retry_after=3600)
    name = send(office, subject="An offer")
    until(lambda: (office.crm.message(name)["failure"] or {}).get("retry_at"), what="waiting for Gmail")

    ended = office.crm.disconnect()

    failed = office.settled(name, "failed")
    assert failed["failure"]["code"] == "disconnected"
    assert failed["failure"]["action"]
    assert office.crm.disconnect() == ended
    assert sent_from(office, office.mailbox) == []
    connect(office.endpoints, office.crm, office.mailbox)
    assert ok(office.crm.retry(name), "retry")["status"] == "queued"
    office.gmail.advance(3700)
    office.endpoints.run_schedule("reconcile_mailboxes")
    office.settled(name)
    assert len(sent_from(office, office.mailbox)) == 1


def test_R36_a_revocation_that_google_refused_is_made_up_for_by_the_schedule(office: Office) -> None:
    office.gmail.fault("oauth.revoke", status=503, times=20)
    assert office.crm.disconnect()["state"] == "disconnected"
    office.gmail.end_faults()
    before = len([one for one in office.gmail.calls(method="oauth.revoke") if one["status"] == 200])
    office.gmail.advance(180)

    counts = office.endpoints.run_schedule("renew_watches")

    assert counts["endings"] >= 1
    assert len([one for one in office.gmail.calls(method="oauth.revoke") if one["status"] == 200]) > before
    assert office.endpoints.run_schedule("renew_watches")["endings"] == 0


@pytest.mark.parametrize("who", [{"role": "admin"}, {"act": {"sub": "admin"}}])
def test_R01_nobody_connects_updates_or_disconnects_for_a_user(office: Office, who: dict[str, Any]) -> None:
    token = office.endpoints.token(office.user, [office.location], **who)
    other = office.endpoints.crm_with(token, office.location)
    for method, path, body in (
        ("POST", "/consent", {"return_to": office.endpoints.return_to, "intent": "update"}),
        ("POST", "/complete", {"connect_code": "a.b"}),
        ("PUT", "/settings", {"exclusions": [], "signature": True}),
        ("DELETE", "", None),
    ):
        answer = other.ask(method, "connections", f"/connection{path}", body=body)
        assert (answer.status, answer.code) == (403, "forbidden"), path
    assert office.crm.connection()["state"] == "connected"
    seen = other.ask("GET", "connections", "/connection")
    assert seen.status == (200 if "act" in who else 403)


def test_R01_R08_one_users_connection_is_nothing_to_another_user(office: Office) -> None:
    colleague = new_id("user")
    office.backend.put_user(colleague, f"{colleague}@agency.example")
    crm = office.endpoints.crm(colleague, office.location)
    assert crm.connection()["state"] == "none"
    _, back = return_from_consent(office.endpoints, crm, office.mailbox)
    refused = crm.ask("POST", "connections", "/connection/complete", body={"connect_code": back["connect_code"]})
    assert (refused.status, refused.code) == (409, "mailbox_in_use")
    assert crm.disconnect()["state"] == "none"
    office.stored(office.arrives("Still mine")["id"])


def test_R17_R39_nothing_that_ends_in_the_crm_deletes_mail_in_gmail(office: Office) -> None:
    office.stored(office.arrives("Kept")["id"])
    before = [row["id"] for row in office.gmail.messages(office.mailbox)]

    office.backend.ask("DELETE", "records", f"/contacts/{office.contact}")
    office.backend.ask("DELETE", "records", f"/users/{office.user}")

    assert [row["id"] for row in office.gmail.messages(office.mailbox)] == before
    assert [one["subject"] for one in office.crm.messages(office.contact)] == ["Kept"]
    reading = {"list", "get", "history", "watch", "stop", "getProfile"}
    called = {one["method"] for one in office.gmail.calls(office.mailbox)}
    assert {name.rpartition(".")[2] for name in called if name.startswith("gmail.")} <= reading
