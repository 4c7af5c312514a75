"""Mails for the demonstration."""

from pathlib import Path

import pytest

from tests.sandbox import letters
from tests.sandbox.cast import of_senders
from tests.sandbox.letters import Letter


def _letter(head: str) -> Letter:
    return Letter(Path("some.eml"), f"{head}\nSubject: Hello\n\nHello\n".encode(), {})


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        ("From: Carl <Carl@Customer.example>", "carl@customer.example"),
        ("From: carl@customer.example, Carl <carl@customer.example>", "carl@customer.example"),
        ("From: carl@customer.example, dora@customer.example", None),
        ("From: Carl", None),
        ("To: carl@customer.example", None),
    ],
)
def test_the_sender_of_a_mail_is_the_one_address_in_from(head: str, sender: str | None) -> None:
    assert _letter(head).sender() == sender


def test_a_folder_is_read_by_name_with_what_is_expected_of_each(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_text("Subject: B\n\n")
    (tmp_path / "a.eml").write_text("Subject: A\n\n")
    (tmp_path / "b.json").write_text('{"decision": "left_out"}')
    (tmp_path / "notes.txt").write_text("no mail")

    read = letters.read(tmp_path)

    assert [(one.name, one.expected) for one in read] == [("a", {}), ("b", {"decision": "left_out"})]


def test_each_sender_becomes_a_contact_once_but_never_the_user_himself() -> None:
    heads = ("From: c@customer.example", "From: C@customer.example", "From: d@customer.example", "From: x, y")

    cast = of_senders([*map(_letter, heads), _letter("From: anna@agency.example")])

    assert [person.email for person in cast.contacts] == ["c@customer.example", "d@customer.example"]
