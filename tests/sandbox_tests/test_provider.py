"""The provider's mail server."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.client.gmail import raw
from tests.client.wire import call
from tests.e2e.driver import mail
from tests.sandbox.certificate import LOOPBACK
from tests.sandbox.provider import PASSWORD, USERNAME
from tests.sandbox.stack import Stack

CARL = "carl@customer.example"


@contextmanager
def session(stack: Stack, *, password: str = PASSWORD) -> Iterator[smtplib.SMTP]:
    trusted = ssl.create_default_context(cafile=str(stack.plan.run_dir / "secrets" / "provider.pem"))
    with smtplib.SMTP(LOOPBACK, stack.plan.ports["smtp"]) as server:
        server.starttls(context=trusted)
        server.login(USERNAME, password)
        yield server


@pytest.fixture(autouse=True)
def clean(stack: Stack) -> Iterator[None]:
    call("DELETE", stack.endpoints.provider)
    yield
    call("DELETE", f"{stack.endpoints.provider}/control/faults")


def test_the_provider_shows_what_it_took_and_from_whom_for_whom(stack: Stack) -> None:
    with session(stack) as server:
        server.send_message(mail("b@agency.example", CARL, "News", "Hello"), "b@agency.example", [CARL, "d@x.example"])

    (item,) = stack.endpoints.provided()
    assert (item["mail_from"], item["rcpt_to"]) == ("b@agency.example", [CARL, "d@x.example"])
    assert b"Subject: News" in raw(item)


def test_nothing_is_taken_without_tls_or_with_a_wrong_password(stack: Stack) -> None:
    with smtplib.SMTP(LOOPBACK, stack.plan.ports["smtp"]) as server:
        assert server.docmd("MAIL", "FROM:<b@agency.example>")[0] == 530
    with pytest.raises(smtplib.SMTPAuthenticationError), session(stack, password="wrong"):
        pass

    assert stack.endpoints.provided() == []


def test_the_provider_fails_as_it_is_told(stack: Stack) -> None:
    control = f"{stack.endpoints.provider}/control"
    call("POST", f"{control}/faults", body=[{"at": "rcpt", "status": 550, "recipient": CARL, "times": 1}])

    with session(stack) as server, pytest.raises(smtplib.SMTPRecipientsRefused):
        server.sendmail("b@agency.example", [CARL], "Subject: x\r\n\r\nx")
    with session(stack) as server:
        server.sendmail("b@agency.example", [CARL], "Subject: x\r\n\r\nx")
    call("POST", f"{control}/behaviour", body={"offers_starttls": False})
    with smtplib.SMTP(LOOPBACK, stack.plan.ports["smtp"]) as server, pytest.raises(smtplib.SMTPNotSupportedError):
        server.starttls()

    assert len(stack.endpoints.provided()) == 1
    assert call("POST", f"{control}/faults", body=[{"at": "lunch"}]).status == 400
