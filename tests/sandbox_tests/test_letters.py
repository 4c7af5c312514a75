"""Mails for the demonstration."""

import json
from pathlib import Path

import pytest

from tests.sandbox import letters
from tests.sandbox.cast import OWN, cast_for
from tests.sandbox.demo import OWN_MAIL
from tests.sandbox.letters import Letter
from tests.sandbox.trouble import TroubleError


def _letter(head: str) -> Letter:
    return Letter(Path("some.eml"), f"{head}\nSubject: Hello\n\nHello\n".encode())


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


def _folder(path: Path, **expected: str) -> Path:
    for name, text in expected.items():
        (path / f"{name}.eml").write_text("Subject: Hello\n\nHello\n")
        (path / f"{name}.json").write_text(text)
    (path / "notes.txt").write_text("no mail")
    return path


def _told(**more: str) -> str:
    return json.dumps({"why": "", "outcome": "stored", "rule": "R12", "conversation": "bob", **more})


def test_a_folder_is_read_by_name_but_a_mail_that_follows_another_comes_behind_it(tmp_path: Path) -> None:
    folder = _folder(tmp_path, a=_told(after="c"), b=_told(), c=_told())

    assert [one.name for one in letters.read(folder)] == ["b", "c", "a"]


@pytest.mark.parametrize("text", ["{", '{"colour": "red"}', "[]"])
def test_a_file_beside_a_mail_that_says_nothing_of_it_is_refused_only_where_it_must_say_it(
    tmp_path: Path, text: str
) -> None:
    folder = _folder(tmp_path, a=text)

    assert letters.read(folder)[0].expected is None
    with pytest.raises(TroubleError, match=r"a\.json does not say"):
        letters.read(folder, told=True)


def test_each_mail_of_the_project_says_what_should_become_of_it() -> None:
    own = letters.read(OWN_MAIL, told=True)

    assert len(own) >= 30
    assert cast_for(own) is OWN


def test_each_sender_becomes_a_contact_once_but_never_the_user_himself() -> None:
    heads = ("From: c@customer.example", "From: C@customer.example", "From: d@customer.example", "From: x, y")

    cast = cast_for([*map(_letter, heads), _letter("From: anna@agency.example")])

    assert [person.email for person in cast.contacts] == ["c@customer.example", "d@customer.example"]
