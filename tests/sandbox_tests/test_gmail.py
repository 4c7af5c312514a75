"""The simulated Gmail as part of the stack, through the client that all tests use."""

from datetime import datetime

import jwt

from tests.client.gmail import raw
from tests.client.wire import call, ok
from tests.e2e.driver import mail, new_id
from tests.sandbox.stack import Stack


def test_a_mail_sent_from_one_account_arrives_in_the_other(stack: Stack) -> None:
    gmail = stack.endpoints.control()
    sender, receiver = f"{new_id('one')}@agency.example", f"{new_id('two')}@customer.example"
    for email in (sender, receiver):
        gmail.add_mailbox(email)

    sent = gmail.send(sender, mail(sender, receiver, "Lunch", "At noon?"))

    (kept,), (arrived,) = gmail.sent(sender), gmail.messages(receiver, label="INBOX")
    assert kept["id"] == sent["id"] != arrived["id"]
    assert b"Subject: Lunch" in raw(arrived)
    assert gmail.calls(email=sender) == []


def test_a_moved_clock_moves_the_life_of_tokens_too(stack: Stack) -> None:
    gmail, before = stack.endpoints.control(), stack.endpoints.token("anna", ["one"], expires_s=60)

    moved = datetime.fromisoformat(gmail.advance(1))

    after = stack.endpoints.token("anna", ["one"], expires_s=60)
    assert _expiry(after) > _expiry(before)
    assert abs(_expiry(after) - 60 - moved.timestamp()) < 5


def test_the_clock_that_functions_ask_is_the_simulators(stack: Stack) -> None:
    url = ok(call("GET", stack.endpoints.functions["show"]), "show")["environment"]["CLOCK_URL"]

    assert datetime.fromisoformat(ok(call("GET", url), "the clock")["now"]) <= datetime.fromisoformat(
        stack.endpoints.control().advance(0)
    )


def _expiry(token: str) -> int:
    return int(jwt.decode(token, options={"verify_signature": False})["exp"])
