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
    "verdict",
    [
        "dkim=pass header.d=evil.example header.s=header.d=crm.example",
        "dkim=pass header.i=@evil.example header.b=header.i=@crm.example",
        "dmarc=pass policy.dmarc=header.from=crm.example header.from=evil.example",
    ],
)
def test_T23_what_the_sender_chose_in_our_receivers_own_verdict_proves_nothing(verdict: str, room: Mailroom) -> None:
    assert "held not_authenticated" in room.bring(room.letter(), verdict=verdict)


CRLF = b"Subject: Offer\r\nTo: carl@customer.example\r\n\r\nPay me.\r\n"
FORGED = b"From: ann@crm.example\r\nTo: carl@customer.example\r\n"
SIGNED = b"From: mallory@crm.example\r\n" + CRLF


@pytest.mark.parametrize(
    "raw",
    [
        FORGED + b"no field\r\n" + SIGNED,
        FORGED + b"\x80: x\r\n" + SIGNED,
        b"X: y\nFrom: ann@crm.example\nTo: carl@customer.example\n\nx\r\n" + SIGNED,
        FORGED + b"X: y\r" + SIGNED,
        FORGED + b"X: y\0" + SIGNED,
        FORGED + b"\r\r\n" + SIGNED,
        FORGED + b"X: y\r\n" * 100_000 + SIGNED,
        FORGED + b"X: " + b"y" * 1_600_000 + b"\r\n" + SIGNED,
    ],
    ids=["no field", "not ASCII", "bare LF", "bare CR", "NUL", "CR twice", "beyond the lines", "beyond the octets"],
)
def test_T38_a_from_that_other_readers_may_find_in_the_mail_as_well_makes_it_nobodys(
    raw: bytes, room: Mailroom
) -> None:
    assert "filed" not in room.bring(raw, verdict="dkim=pass header.d=crm.example")
    assert room.messages() == []


@pytest.mark.parametrize(
    "raw", [b"From: ann@crm.example\r\n" + CRLF, b"From: ann@crm.example\n" + CRLF.replace(b"\r", b"")]
)
def test_T38_a_mail_that_can_be_read_in_one_way_only_is_filed(raw: bytes, room: Mailroom) -> None:
    assert room.bring(raw, verdict="dkim=pass header.d=crm.example")["filed"] == 1


@pytest.mark.parametrize(
    "sender",
    ["ANN@CRM.Example", '"ann"@crm.example', "Ann <ann@crm.example>", "=?utf-8?q?A=C3=B1n?= <ann@crm.example>"],
)
def test_T16_the_same_address_written_in_other_ways_is_the_users(sender: str, room: Mailroom) -> None:
    assert room.bring(b"Sender: bob@crm.example\r\n" + from_(sender, room))["filed"] == 1
