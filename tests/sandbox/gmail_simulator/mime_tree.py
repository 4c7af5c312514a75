"""A mail as the tree of parts that the Gmail API shows; broken mail becomes the nearest tree, never an error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from tests.sandbox.gmail_simulator.encoded_words import decode_text, without_surrogates
from tests.sandbox.gmail_simulator.headers import Block, Field, split
from tests.sandbox.gmail_simulator.transfer import decoded, decoded_size, decoded_text

_DEEPEST = 50
_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)")
_PARAMETER = r"\b{}\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;]+))"
_BOUNDARY = re.compile(_PARAMETER.format("boundary"), re.IGNORECASE)
_CHARSET = re.compile(_PARAMETER.format("charset"), re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """One part: its headers, and where in `source` its undecoded body lies."""

    part_id: str
    mime_type: str
    filename: str
    headers: tuple[Field, ...]
    source: bytes
    start: int
    end: int
    encoding: str = ""
    charset: str = ""
    attached: bool = False
    parts: list["Part"] = field(default_factory=list)

    @property
    def is_text(self) -> bool:
        """Text that is shown, as against a text file that is attached."""
        return self.mime_type.startswith("text/") and not self.attached and not self.filename

    def content(self) -> bytes:
        """The body decoded; shown text as UTF-8, which the API makes of every charset."""
        body = self.source[self.start : self.end]
        return decoded_text(body, self.encoding, self.charset) if self.is_text else decoded(body, self.encoding)

    def size(self) -> int:
        """Decoded length in bytes; 0 for a multipart."""
        if self.mime_type.startswith("multipart/"):
            return 0
        if self.is_text:
            return len(self.content())
        return decoded_size(self.source[self.start : self.end], self.encoding)

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in order."""
        yield self
        for below in self.parts:
            yield from below.walk()


def parse(raw: bytes) -> Part:
    """The tree of a whole mail; its root has the part id ''."""
    return _parse(raw, 0, len(raw), "", 0)


def _parse(source: bytes, start: int, end: int, part_id: str, depth: int) -> Part:
    block = split(source, start, end)
    part = _leaf(block, source, end, part_id)
    prefix = f"{part_id}." if part_id else ""
    if depth >= _DEEPEST:
        return part
    if part.mime_type.startswith("multipart/"):
        for index, (a, b) in enumerate(_between(part, block)):
            part.parts.append(_parse(source, a, b, f"{prefix}{index}", depth + 1))
        if not part.parts:
            part.mime_type = "text/plain"
    elif part.mime_type == "message/rfc822":
        inner = part.content()
        part.parts.append(_parse(inner, 0, len(inner), f"{prefix}0", depth + 1))
    return part


def _leaf(block: Block, source: bytes, end: int, part_id: str) -> Part:
    content_type = block.first("content-type") or ""
    disposition = block.first("content-disposition") or ""
    kind = _TYPE.match(content_type)
    charset = _CHARSET.search(content_type)
    return Part(
        part_id=part_id,
        mime_type=kind[1].lower() if kind else "text/plain",
        filename=_filename(content_type, disposition),
        headers=block.fields,
        source=source,
        start=block.body_at,
        end=end,
        encoding=(block.first("content-transfer-encoding") or "").strip().lower(),
        charset=(charset[1] or charset[2] or "") if charset else "",
        attached=disposition.strip().lower().startswith("attachment"),
    )


def _filename(content_type: str, disposition: str) -> str:
    if "name" not in content_type.lower() and "name" not in disposition.lower():
        return ""
    carrier = Message()
    carrier["Content-Type"], carrier["Content-Disposition"] = content_type, disposition
    try:
        return without_surrogates(decode_text(str(carrier.get_filename() or "")))
    except (LookupError, ValueError, TypeError):
        return ""


def _between(part: Part, block: Block) -> Iterator[tuple[int, int]]:
    named = _BOUNDARY.search(block.first("content-type") or "")
    if not named or not (boundary := (named[1] or named[2] or "").encode()):
        return
    begun: int | None = None
    for line_start, body_start, last in _delimiters(part, b"--" + boundary):
        if begun is not None:
            yield begun, max(begun, line_start)
        begun = None if last else body_start
        if last:
            return
    if begun is not None:
        yield begun, part.end


def _delimiters(part: Part, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    source, at = part.source, part.start
    while (found := source.find(mark, at, part.end)) >= 0:
        line_end = source.find(b"\n", found, part.end) + 1 or part.end
        rest = source[found + len(mark) : line_end].strip(b" \t\r\n")
        at = found + len(mark)
        if (found == part.start or source[found - 1 : found] == b"\n") and rest in {b"", b"--"}:
            before = found - 1 if found > part.start else found
            if before > part.start and source[before - 1 : before] == b"\r":
                before -= 1
            yield before, line_end, rest == b"--"
            at = line_end
