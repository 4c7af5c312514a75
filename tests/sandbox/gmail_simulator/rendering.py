"""Messages as messages.get shows them, with everything that does not change rendered once."""

import base64
import html
import random
import re
from collections.abc import Iterable, Iterator
from zlib import crc32

from tests.sandbox.gmail_simulator.behaviour import Behaviour
from tests.sandbox.gmail_simulator.headers import Field, shown
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.mime_tree import Part
from tests.sandbox.gmail_simulator.wire import to_json

_TAGS = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>")
_SNIPPET = 200
_LOOKED_AT = 6_000
_MARK = "ANGjdJ"

Piece = bytes | int
"""Rendered bytes, or the number of a part whose attachmentId belongs there."""


def base64url(data: bytes) -> bytes:
    """URL-safe base64 with padding, as Gmail writes it."""
    return base64.urlsafe_b64encode(data)


class Renderer:
    """Renders under one behaviour; a message keeps its rendered pieces, so this is made anew when a switch changes."""

    def __init__(self, behaviour: Behaviour, chance: random.Random) -> None:
        self._behaviour, self._chance = behaviour, chance
        self._headers: dict[StoredMessage, list[tuple[str, bytes]]] = {}
        self._full: dict[StoredMessage, list[Piece]] = {}
        self._snippets: dict[StoredMessage, bytes] = {}

    def message(self, message: StoredMessage, form: str, wanted: Iterable[str] = ()) -> bytes:
        """The message in one of the formats minimal, metadata, full, raw; `wanted` are metadataHeaders."""
        parts = [self._facts(message)]
        if form == "metadata":
            parts += self._metadata(message, frozenset(name.lower() for name in wanted))
        elif form == "full":
            parts += [b',"payload":', *self._filled(message)]
        elif form == "raw":
            parts += [b',"raw":"', base64url(message.raw), b'"']
        parts.append(b"}")
        return b"".join(parts)

    def _facts(self, message: StoredMessage) -> bytes:
        labels = f'"labelIds":{to_json(message.labels).decode()},' if message.labels else ""
        snippet = self._snippet(message).decode()
        return (
            f'{{"id":"{message.id}","threadId":"{message.thread_id}",{labels}"snippet":{snippet},'
            f'"sizeEstimate":{len(message.raw)},"historyId":"{message.history_id}",'
            f'"internalDate":"{message.internal_date}"'
        ).encode()

    def _metadata(self, message: StoredMessage, wanted: frozenset[str]) -> Iterator[bytes]:
        headers = self._headers.get(message)
        if headers is None:
            headers = [(field.name.lower(), self._header(field)) for field in message.block.fields]
            self._headers[message] = headers
        chosen = [text for name, text in headers if not wanted or name in wanted]
        yield b',"payload":{"partId":"","mimeType":' + to_json(message.tree.mime_type)
        yield (b',"headers":[' + b",".join(chosen) + b"]}") if chosen else b"}"

    def _header(self, field: Field) -> bytes:
        return to_json({"name": field.name, "value": shown(field) if self._behaviour.decoded_headers else field.value})

    def _filled(self, message: StoredMessage) -> Iterator[bytes]:
        pieces = self._full.get(message)
        if pieces is None:
            numbers = {id(part): number for number, part in enumerate(message.parts)}
            pieces = self._full[message] = list(self._part(message.tree, numbers))
        for piece in pieces:
            yield piece if isinstance(piece, bytes) else self._attachment_id(message, piece).encode()

    def _part(self, part: Part, numbers: dict[int, int]) -> Iterator[Piece]:
        names = f'"partId":"{part.part_id}","mimeType":"{part.mime_type}","filename":'
        headers = b",".join(self._header(field) for field in part.headers)
        yield b"{" + names.encode() + to_json(part.filename) + b',"headers":[' + headers + b'],"body":{'
        if self._behind_id(part):
            yield b'"attachmentId":"'
            yield numbers[id(part)]
            yield b'",'
        size = part.size()
        yield f'"size":{size}'.encode()
        if part.is_text and size and not self._behind_id(part):
            yield b',"data":"' + base64url(part.content()) + b'"'
        yield b"}"
        for index, below in enumerate(part.parts):
            yield b"," if index else b',"parts":['
            yield from self._part(below, numbers)
        yield b"]}" if part.parts else b"}"

    def _behind_id(self, part: Part) -> bool:
        if part.mime_type.startswith("multipart/"):
            return False
        return not part.is_text or part.size() > self._behaviour.large_text_bytes

    def _attachment_id(self, message: StoredMessage, number: int) -> str:
        salt = self._chance.randbytes(28)
        check = crc32(salt + message.id.encode())
        return _MARK + base64url(salt + ((number << 32) | check).to_bytes(8, "big")).decode()

    def attached(self, message: StoredMessage, attachment_id: str) -> Part | None:
        """The part behind an attachmentId that some reading of this message gave; None for any other."""
        try:
            told = base64.urlsafe_b64decode(attachment_id.removeprefix(_MARK))
        except ValueError:
            return None
        number, check = divmod(int.from_bytes(told[28:], "big"), 1 << 32)
        if len(told) != 36 or check != crc32(told[:28] + message.id.encode()) or number >= len(message.parts):
            return None
        return message.parts[number]

    def _snippet(self, message: StoredMessage) -> bytes:
        known = self._snippets.get(message)
        if known is None:
            known = self._snippets[message] = to_json(html.escape(_plain(message)[:_SNIPPET].strip()))
        return known


def _plain(message: StoredMessage) -> str:
    shown_texts = [part for part in message.parts if part.is_text and not part.parts]
    for part in sorted(shown_texts, key=lambda one: one.mime_type != "text/plain"):
        text = part.content()[:_LOOKED_AT].decode("utf-8", "replace")
        if part.mime_type == "text/html":
            text = html.unescape(_TAGS.sub(" ", text))
        if words := " ".join(text.split()):
            return words
    return ""
