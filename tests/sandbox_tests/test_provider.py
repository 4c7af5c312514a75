"""The provider's mail server."""

import smtplib

from tests.client.gmail import raw
from tests.client.wire import call
from tests.e2e.driver import mail
from tests.sandbox.stack import Stack


def test_the_provider_shows_what_it_took_and_from_whom_for_whom(stack: Stack) -> None:
    call("DELETE", stack.endpoints.provider)
    made = mail("bulk@agency.example", "carl@customer.example", "News", "Hello")

    with smtplib.SMTP("127.0.0.1", stack.plan.ports["smtp"]) as server:
        server.send_message(made, "bounces@agency.example", ["carl@customer.example", "dora@customer.example"])

    (item,) = stack.endpoints.provided()
    assert item["mail_from"] == "bounces@agency.example"
    assert item["rcpt_to"] == ["carl@customer.example", "dora@customer.example"]
    assert b"Subject: News" in raw(item)
