"""A mail as a stream of known size, made while it is read and from any position: no file is ever held whole."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from shared.domain import header_encoding as encode
from shared.domain import marker
from shared.domain.addresses import Person
from shared.domain.identifiers import MessageId, digest
from shared.errors import Gone

LARGEST_MAIL: Final = 36_700_160
LARGEST_FILES: Final = 26_214_400
_LINE: Final = 57
_ROW: Final = 78
_LINES_AT_ONCE: Final = 1_024
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class File:
    """A file to attach; `open` gives its bytes from a position on, in blocks. One with `content_id` is shown inline."""

    filename: str
    content_type: str
    size: int
    open: Callable[[int], Iterator[bytes]]
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """All that a mail says. The same letter always makes the same bytes, so that an upload can be continued.

    `entry` is the name in its Message-ID; without a `marker` there is no such header.
    """

    entry: MessageId
    marker: str
    date: datetime
    sender: Person
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    subject: str = ""
    text: str = ""
    html: str | None = None
    files: tuple[File, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: Person | None = None


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A file as lines of base64 (RFC 2045 6.8)."""

    file: File

    @property
    def size(self) -> int:
        return -(-self.file.size // 3) * 4 + -(-self.file.size // _LINE) * 2

    def blocks(self, start: int) -> Iterator[bytes]:
        row, skip = divmod(start, _ROW)
        left = self.file.size - row * _LINE
        for block in _even(self.file.open(row * _LINE), _LINE * _LINES_AT_ONCE):
            left -= len(block)
            text = base64.b64encode(block)
            lines = b"".join(text[at : at + 76] + b"\r\n" for at in range(0, len(text), 76))
            yield lines[skip:]
            skip = 0
        if left:
            raise Gone("a file is not as long as it was")


def _even(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of exactly `size`, the last one perhaps shorter."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


_Segment = bytes | _Encoded


class Composition:
    """The composed mail (`MailStream`)."""

    def __init__(self, segments: Sequence[_Segment]) -> None:
        self._segments = segments

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(len(one) if isinstance(one, bytes) else one.size for one in self._segments)

    def open_at(self, position: int) -> Iterator[bytes]:
        """The bytes from `position` on, in blocks of about 80 kB at most."""
        for one in self._segments:
            size = len(one) if isinstance(one, bytes) else one.size
            if position >= size:
                position -= size
                continue
            if isinstance(one, bytes):
                yield one[position:]
            else:
                yield from one.blocks(position)
            position = 0


def compose(letter: Letter) -> Composition:
    """The mail: text and HTML as alternatives, inline files related to them, others beside (RFC 2046, RFC 2387)."""
    inline = [file for file in letter.files if file.content_id and letter.html is not None]
    beside = [file for file in letter.files if file not in inline]
    body = _text("plain", letter.text)
    if letter.html is not None:
        body = _multipart("alternative", letter, [body, _text("html", letter.html)])
    if inline:
        body = _multipart("related", letter, [body, *map(_file, inline)])
    if beside:
        body = _multipart("mixed", letter, [body, *map(_file, beside)])
    return Composition([_headers(letter), *body])


def message_id(name: MessageId, sender: Person) -> str:
    """The Message-ID that we give; Gmail replaces it, a provider keeps it."""
    return f"<{name}@{sender.address.rpartition('@')[2]}>"


def _headers(letter: Letter) -> bytes:
    fields = [
        ("MIME-Version", "1.0"),
        ("Date", format_datetime(letter.date.astimezone(UTC))),
        ("From", encode.people([letter.sender])),
        *([("Reply-To", encode.people([letter.reply_to]))] if letter.reply_to else []),
        *((name, encode.people(some)) for name, some in _recipients(letter) if some),
        ("Subject", encode.words(letter.subject)),
        ("Message-ID", message_id(letter.entry, letter.sender)),
        *([("In-Reply-To", letter.in_reply_to)] if letter.in_reply_to else []),
        *([("References", encode.ids(letter.references))] if letter.references else []),
        *([(marker.HEADER, letter.marker)] if letter.marker else []),
    ]
    return b"".join(encode.field(name, value) for name, value in fields)


def _recipients(letter: Letter) -> tuple[tuple[str, tuple[Person, ...]], ...]:
    """Bcc is a header here: Gmail takes the recipients from the headers and strips it from what it delivers."""
    return ("To", letter.to), ("Cc", letter.cc), ("Bcc", letter.bcc)


def _multipart(subtype: str, letter: Letter, parts: Sequence[Sequence[_Segment]]) -> list[_Segment]:
    """The boundary can be in no part: `=_` occurs neither in base64 nor in quoted-printable."""
    boundary = f"=_{subtype}_{digest('boundary', letter.entry, subtype)}"
    made: list[_Segment] = [
        encode.field("Content-Type", f'multipart/{subtype};{encode.FOLD}boundary="{boundary}"') + b"\r\n"
    ]
    for part in parts:
        made += [f"--{boundary}\r\n".encode(), *part, b"\r\n"]
    made.append(f"--{boundary}--\r\n".encode())
    return made


def _text(subtype: str, text: str) -> list[_Segment]:
    data = (_LINE_END.sub("\r\n", text) + "\r\n").encode("utf-8", "replace")
    if 3 * sum(byte >= 0x80 for byte in data) > len(data):  # noqa: PLR2004 - outside ASCII: three characters a byte
        encoding, body = "base64", _base64(data)
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(data, istext=True)
    head = encode.field("Content-Type", f'text/{subtype}; charset="utf-8"')
    return [head + encode.field("Content-Transfer-Encoding", encoding) + b"\r\n" + body]


def _base64(data: bytes) -> bytes:
    return b"".join(
        binascii.b2a_base64(data[at : at + _LINE], newline=False) + b"\r\n" for at in range(0, len(data), _LINE)
    )


def _file(file: File) -> list[_Segment]:
    disposition = "inline" if file.content_id else "attachment"
    fields = [
        encode.field("Content-Type", file.content_type + encode.parameter("name", file.filename)),
        encode.field("Content-Transfer-Encoding", "base64"),
        encode.field("Content-Disposition", disposition + encode.parameter("filename", file.filename)),
    ]
    if file.content_id:
        fields.append(encode.field("Content-ID", f"<{file.content_id}>"))
    return [b"".join(fields) + b"\r\n", _Encoded(file)]
