"""The mail that is sent: its headers, its parts, and its bytes from any position."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import marker
from shared.domain.addresses import Address, Person
from shared.domain.composition import File, Letter, compose
from shared.domain.header_encoding import field
from shared.domain.identifiers import MessageId
from shared.errors import Gone

ADA = Person("Ada", Address("ada@agency.example"))
CARL = Person("", Address("carl@customer.example"))
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def file(
    name: str, content: bytes, content_type: str = "application/octet-stream", content_id: str | None = None
) -> File:
    def opened(start: int) -> Iterator[bytes]:
        for at in range(start, len(content), 1_000):
            yield content[at : at + 1_000]

    return File(name, content_type, len(content), opened, content_id)


def letter(**fields: Any) -> Letter:
    given: dict[str, Any] = {"entry": MessageId("e1"), "marker": "e1.mac", "date": AT, "sender": ADA, "to": (CARL,)}
    return Letter(**{**given, **fields})


def made(**fields: Any) -> bytes:
    return b"".join(compose(letter(**fields)).open_at(0))


def parsed(**fields: Any) -> EmailMessage:
    raw = made(**fields)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return message_from_bytes(raw, policy=SMTP)


def test_the_headers_are_exactly_those_that_a_mail_needs() -> None:
    mail = parsed(
        cc=(Person("Dora, née Ü", Address("dora@customer.example")),),
        bcc=(Person('The "boss"', Address("boss@customer.example")),),
        subject="Über uns 🎉",
        text="x",
        in_reply_to="<q@x>",
        references=("<p@x>", "<q@x>"),
    )

    threading = {"Message-ID", "In-Reply-To", "References"}
    mime = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    assert len(mail.keys()) == 13
    assert set(mail.keys()) == {"Date", "From", "To", "Cc", "Bcc", "Subject", marker.HEADER} | threading | mime
    assert mail["From"].addresses[0].display_name == "Ada"
    assert mail["Cc"].addresses[0].display_name == "Dora, née Ü"
    assert mail["Bcc"].addresses[0].display_name == 'The "boss"'
    assert (mail["Subject"], mail["References"].split()) == ("Über uns 🎉", ["<p@x>", "<q@x>"])
    assert mail["Message-ID"] == "<e1@agency.example>"
    assert mail["Date"].datetime == AT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "Grüße,\nAda",
        "日本語\r\nテキスト",
        "From here\n.\n..\n--\ntail  \n",
        "a" * 5_000,
        "x\ry",
        "=_=\x00",
    ],
)
def test_the_text_arrives_as_it_was_written(text: str) -> None:
    mail = parsed(text=text)

    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n") + "\r\n"
    assert content.decode() == expected


def test_html_inline_images_and_files_are_nested_as_mail_programs_expect() -> None:
    mail = parsed(
        text="plain",
        html='<img src="cid:logo">',
        files=(file("logo.png", b"png", "image/png", "logo"), file("plan.pdf", b"pdf" * 999, "application/pdf")),
    )

    shape = [(part.get_content_type(), part.get_content_disposition()) for part in mail.walk()]
    assert shape == [
        ("multipart/mixed", None),
        ("multipart/related", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("text/html", None),
        ("image/png", "inline"),
        ("application/pdf", "attachment"),
    ]
    (plan,) = mail.iter_attachments()
    assert plan.get_payload(decode=True) == b"pdf" * 999
    assert [part["Content-ID"] for part in mail.walk() if part["Content-ID"]] == ["<logo>"]


def test_without_html_an_image_is_an_ordinary_attachment() -> None:
    mail = parsed(text="plain", files=(file("logo.png", b"png", "image/png", "logo"),))

    assert mail.get_content_type() == "multipart/mixed"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 57 * 1_024, 57 * 1_024 + 1, 200_000])
def test_the_size_is_known_and_the_stream_goes_on_from_any_position(size: int) -> None:
    content = bytes(at % 251 for at in range(size))
    composed = compose(letter(text="x" * 100, html="<p>y</p>", files=(file("f", content), file("g", content[:100]))))
    whole = b"".join(composed.open_at(0))

    assert composed.size == len(whole)
    for at in {*range(0, len(whole), max(1, len(whole) // 97)), len(whole) - 1, len(whole)}:
        assert b"".join(composed.open_at(at)) == whole[at:]


def test_the_same_letter_always_makes_the_same_bytes() -> None:
    assert made(text="x", html="<p>", files=(file("f", b"1"),)) == made(text="x", html="<p>", files=(file("f", b"1"),))


def test_a_file_that_became_shorter_ends_the_stream_with_an_error() -> None:
    lost = File("f", "text/plain", 100, lambda _: iter([b"short"]))

    with pytest.raises(Gone):
        b"".join(compose(letter(files=(lost,))).open_at(0))


@pytest.mark.parametrize(
    "name",
    ["plan.pdf", "Grüße.pdf", 'a"b\\c.txt', "日本語" * 60 + ".txt", "x" * 200, "100% *'ok'.txt", "=?utf-8?b?eA==?="],
)
def test_t21_any_filename_comes_out_as_it_went_in(name: str) -> None:
    (attached,) = parsed(files=(file(name, b"x"),)).iter_attachments()

    assert attached.get_filename() == name
    assert attached.get_param("name") is not None


@settings(max_examples=150, deadline=None)
@given(
    subject=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300),
    name=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=100),
)
def test_t15_whatever_is_in_subject_and_names_the_mail_has_exactly_its_own_headers(subject: str, name: str) -> None:
    mail = parsed(subject=subject.strip(), to=(Person(name.strip(), CARL.address),), text="body")

    assert len(mail.keys()) == 9
    assert [one.addr_spec for one in mail["To"].addresses] == [CARL.address]
    assert mail.get_content().strip() == "body"


@pytest.mark.parametrize(
    "bad", ["a\r\nBcc: x@evil.example", "a\nb", "a\0b", "a\u2028b", "a\u2029b", "a\x0bb", "a\x85b"]
)
def test_t15_no_header_can_be_made_of_what_ends_one(bad: str) -> None:
    with pytest.raises(ValueError, match="unsafe"):
        field("Subject", bad)
