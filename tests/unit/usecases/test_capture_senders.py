"""Whose mail it is: thirty ways to write an address that is not the user's, and some that are (T16)."""

import pytest

from tests.unit.usecases.mailroom import Mailroom

NOT_ANN = (
    "bob@crm.example",
    "Ann <ann@crm.example>, bob@crm.example",
    "ann@crm.example <bob@crm.example>",
    '"ann@crm.example" <bob@crm.example>',
    "bob@crm.example (ann@crm.example)",
    "=?utf-8?q?ann=40crm=2Eexample?= <bob@crm.example>",
    "=?utf-8?q?ann@crm.example?=",
    "Sales: ann@crm.example;",
    "undisclosed-recipients:;",
    "<ann@crm.example><bob@crm.example>",
    "<bob@crm.example> ann@crm.example",
    "ann@crm.example@crm.example",
    "ann@crm.example.crm.example",
    "ann@@crm.example",
    "ann @crm.example, x",
    "ann+tag@crm.example",
    "a.n.n@crm.example",
    "\u0430nn@crm.example",
    "ann@crm.ex\u0430mple",
    "ann@xn--crm-9cd.example",
    "ann@[127.0.0.1]",
    "ann@crm",
    "ann",
    '"ann@crm.example"@crm.example',
    '"ann\\@crm.example',
    "(ann@crm.example",
    "<@crm.example:bob@crm.example>",
    "ann@crm.example\u200b",
    "ann@crm.example\x00",
    "mailto:ann@crm.example",
    "",
    " ",
)


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


def from_(sender: str, room: Mailroom) -> bytes:
    return room.letter().as_bytes().replace(b"From: ann@crm.example", f"From: {sender}".encode())


@pytest.mark.parametrize("sender", NOT_ANN)
def test_T16_no_form_of_an_address_passes_for_the_users_own(sender: str, room: Mailroom) -> None:
    done = room.bring(from_(sender, room))

    assert {"held not_your_address", "held not_authenticated"} & set(done)
    assert room.messages() == []


@pytest.mark.parametrize("second", ["From: bob@crm.example", "from: ann@evil.example", "FROM:"])
def test_T16_a_second_from_makes_the_sender_nobody(second: str, room: Mailroom) -> None:
    assert "filed" not in room.bring(second.encode() + b"\r\n" + room.letter().as_bytes())


@pytest.mark.parametrize(
    "sender",
    ["ANN@CRM.Example", '"ann"@crm.example', "Ann <ann@crm.example>", "=?utf-8?q?A=C3=B1n?= <ann@crm.example>"],
)
def test_T16_the_same_address_written_in_other_ways_is_the_users(sender: str, room: Mailroom) -> None:
    assert room.bring(b"Sender: bob@crm.example\r\n" + from_(sender, room))["filed"] == 1
