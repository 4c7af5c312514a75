"""Bodies too large for a document: what their blob holds, and when they need one."""

import msgspec

from shared.domain.message import Body

INLINE_BYTES = 100_000
"""Text and HTML together, in UTF-8, that a message's document may hold (F27)."""


class _Packed(msgspec.Struct):
    text: str = ""
    html: str | None = None


def fits(body: Body) -> bool:
    """Whether the body may stay in the document."""
    return len(body.text.encode()) + len((body.html or "").encode()) <= INLINE_BYTES


def blob_name(folder: str) -> str:
    """Where the body of a mail is kept, in the folder of its blobs."""
    return f"{folder}/body.json"


def packed(body: Body) -> bytes:
    """The blob of a body: JSON with `text` and `html`."""
    return msgspec.json.encode(_Packed(body.text, body.html))


def unpacked(content: bytes, blob: str) -> Body:
    """The body that a blob holds."""
    read = msgspec.json.decode(content, type=_Packed)
    return Body(read.text, read.html, blob)
