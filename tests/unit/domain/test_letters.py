"""The letter that an outbox entry stands for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain.addresses import Address, Person
from shared.domain.composition import compose
from shared.domain.identifiers import AttachmentId, LocationId, MailboxId, MessageId, UserId
from shared.domain.letters import letter_of
from shared.domain.message import Attachment, Body
from shared.domain.outbox import OutboxEntry

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FILE = Attachment(AttachmentId("a"), "a.bin", "application/octet-stream", 4, blob="some/blob")
ENTRY = OutboxEntry(
    MessageId("e"),
    LocationId("here"),
    UserId("ada"),
    MailboxId("m"),
    "digest",
    AT,
    sender=Person("Ada", Address("ada@agency.example")),
    to=(Person("", Address("carl@customer.example")),),
    subject="An offer",
    attachments=(FILE,),
)


def read(name: str, start: int) -> Iterator[bytes]:
    assert name == FILE.blob
    yield b"abcd"[start:]


def bytes_of(entry: OutboxEntry) -> bytes:
    return b"".join(compose(letter_of(entry, Body("Take it."), marker="e.mac", read=read)).open_at(0))


def test_an_upload_that_is_continued_later_goes_on_with_the_very_same_bytes() -> None:
    claimed = replace(ENTRY, claimed_at=AT + timedelta(hours=1))
    later = replace(claimed, called_at=AT + timedelta(hours=2), call_ended_at=AT + timedelta(hours=3), attempt=9)

    assert bytes_of(later) == bytes_of(claimed)
    assert b"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n" in bytes_of(later)


def test_the_size_is_known_before_the_mail_is_claimed() -> None:
    claimed = replace(ENTRY, claimed_at=AT + timedelta(days=29))

    assert len(bytes_of(ENTRY)) == len(bytes_of(claimed))
