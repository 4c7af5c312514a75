"""Which provider a location may have."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.identifiers import LocationId
from shared.domain.provider import Provider, Security, checked, sender_of
from shared.errors import Rejected

HERE = LocationId("abc_1")
GOOD = Provider("smtp.example.com", 587, Security.STARTTLS, sender_of("Hi@Example.com", " Us "), "u", "smtp-abc_1")


def test_a_good_one_is_taken_as_it_is() -> None:
    assert checked(GOOD, HERE) == GOOD
    assert (GOOD.sender.name, GOOD.sender.address) == ("Us", "hi@example.com")
    assert checked(replace(GOOD, username="", password_secret=""), HERE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"host": "a b"},
        {"host": "evil.example\r\nX"},
        {"host": "-a.example"},
        {"host": "a..example"},
        {"host": "a." + "b" * 64},
        {"host": "example.com."},
        {"host": "a." * 127 + "b"},
        {"port": 0},
        {"port": 65_536},
        {"username": ""},
        {"password_secret": ""},
        {"username": "a\nb"},
        {"password_secret": "KEYSET"},
        {"password_secret": "smtp-"},
        {"password_secret": "smtp-../../keyset"},
        {"password_secret": "projects/other/secrets/smtp-x/versions/1"},
        {"password_secret": "hunter2"},
        {"password_secret": "smtp-other"},
        {"password_secret": "smtp-abc_1-2"},
    ],
)
def test_T13_another_secret_or_what_is_no_server_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="invalid_request"):
        checked(replace(GOOD, **wrong), HERE)


@pytest.mark.parametrize(
    ("address", "name"), [("nobody", ""), ("a@b.example, c@d.example", ""), ("a@b.example", "x\r\ny")]
)
def test_T15_a_sender_that_could_end_a_header_is_refused(address: str, name: str) -> None:
    with pytest.raises(Rejected, match="invalid_request"):
        sender_of(address, name)
