"""Auto-BCC mail that is larger than any that may be kept."""

import pytest

from shared.ports.inbound_mail import Arrival
from shared.usecases.capture_mail import capture_mail
from tests.rules.company import Company
from tests.unit.usecases.office import ANNS


@pytest.mark.parametrize("size", [36_700_161, 60_000_000])
def test_f44_a_filed_mail_beyond_the_limit_is_held_visibly_and_not_asked_for_again(size: int) -> None:
    made = Company()
    head = f"From: {ANNS}\r\nTo: carl@customer.example\r\nSubject: Large\r\nMessage-ID: <l@x.example>\r\n\r\n".encode()
    verdict = b"Authentication-Results: mx.crm.example; dmarc=pass header.from=gmail.com\r\n"
    arrival = Arrival("a", ANNS, (made.capture_address(),), verdict + head + b"x" * size, "mx.crm.example")
    for _ in range(3):
        capture_mail(made.capturing, arrival)
    (held,) = made.held()
    assert held.reason == "too_large"
    assert made.messages() == []
