"""A mail that could not be delivered shows it, and its report shows nowhere, on the running stack (R57)."""

from typing import Any

from tests.e2e.driver import Office, new_id, until

Row = dict[str, Any]


def test_r57_a_send_to_an_address_that_bounces_shows_who_did_not_get_it_and_why(office: Office) -> None:
    lost = f"{new_id('lost')}@nowhere.invalid"
    mail = {"to": [{"address": office.contact_email}], "cc": [{"address": lost}], "subject": "Offer", "text": "Hi"}
    accepted = office.crm.send("bounces", mail)

    def bounced() -> Row | None:
        seen = office.crm.message(accepted["id"])
        return seen if seen["bounces"] else None

    message = until(bounced, what="the bounce on the message")
    (bounce,) = message["bounces"]
    assert (bounce["address"], bounce["status"]) == (lost, "5.1.2")
    assert bounce["reason"] == "The address's domain does not exist or takes no mail."
    assert bounce["at"].endswith("Z")
    assert message["status"] == "sent"
    assert message["failure"]["code"] == "bounced"
    assert lost in message["failure"]["message"]
    until(lambda: office.endpoints.happened("message.bounced", office.location), what="message.bounced")
    (event,) = office.endpoints.happened("message.bounced", office.location)
    assert event["data"] == {"message": accepted["id"], "conversation": office.contact}
    assert [one["subject"] for one in office.crm.messages(office.contact)] == ["Offer"]
    report = next(one for one in office.gmail.messages(office.mailbox) if "SENT" not in one["labelIds"])
    assert office.decided(report["id"], "left_out")["rule"] == "R57"
    refused = office.crm.ask("POST", "send_email", f"/messages/{accepted['id']}/retry", body={})
    assert refused.code == "not_retryable"
