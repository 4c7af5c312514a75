"""The mails of the workloads."""

from email import message_from_bytes

import pytest

from tests.benchmarks.mails import mails

TO = "ada@agency.example"


@pytest.mark.parametrize(("share", "known"), [(0.0, 0), (0.2, 60), (1.0, 300)], ids=["none", "a fifth", "all"])
def test_the_share_of_contacts_is_exact(share: float, known: int) -> None:
    senders = [message_from_bytes(mail)["From"] for mail in mails(TO, 300, of_contacts=share)]

    assert sum("@customer.example" in sender for sender in senders) == known


def test_a_mail_has_about_10_kb_and_is_unlike_all_others() -> None:
    made = list(mails(TO, 50, of_contacts=1.0))

    assert all(8_000 < len(mail) < 12_000 for mail in made), [len(mail) for mail in made]
    assert len({message_from_bytes(mail)["Message-ID"] for mail in made}) == 50


def test_the_same_seed_makes_the_same_mails() -> None:
    first, again = (list(mails(TO, 5, of_contacts=0.5, seed=7)) for _ in range(2))

    assert [message_from_bytes(mail)["From"] for mail in first] == [message_from_bytes(mail)["From"] for mail in again]
    assert [message_from_bytes(mail).get_payload(0).get_payload() for mail in first] == [  # type: ignore[union-attr]
        message_from_bytes(mail).get_payload(0).get_payload()  # type: ignore[union-attr]
        for mail in again
    ]
