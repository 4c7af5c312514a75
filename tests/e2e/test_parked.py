"""Mail that cannot be taken in: parked and visible, while the rest flows."""

from tests.e2e.driver import Office, until
from tests.sandbox import parked
from tests.sandbox.stack import Stack


def test_a_mail_that_gmail_does_not_hand_out_is_parked_with_its_reason_and_the_next_one_flows(
    stack: Stack, office: Office
) -> None:
    office.gmail.fault("gmail.users.messages.get", email=office.mailbox, status=400, reason="invalidArgument", times=1)
    refused = office.arrives("Refused")
    reason = until(lambda: parked.reason(stack.plan, refused["id"]), what="the parked mail")

    next_one = office.stored(office.arrives("Next")["id"])

    assert next_one["subject"] == "Next"
    assert reason
    (item,) = office.crm.explain(gmail_id=refused["id"])
    assert item["decision"] == "parked"
