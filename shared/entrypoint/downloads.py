"""Files that strangers sent, handed out so that no browser runs them or takes them for something else (T21)."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from shared.domain.message import Attachment
from shared.entrypoint.answers import Answer

OPAQUE: Final = "application/octet-stream"
HARMLESS: Final = frozenset(
    {
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "text/calendar",
        "text/csv",
        "text/plain",
        "text/vcard",
        "video/mp4",
        "video/quicktime",
        "video/webm",
    }
)
"""Types that are named as they are; all others, HTML and SVG above all, are mere bytes."""
LONGEST_NAME: Final = 200
_FOLDERS: Final = re.compile(r"[/\\]")
_ATTRIBUTE: Final = "!#$&+-.^_`|~"
"""What RFC 5987 leaves as it is, beside letters and digits."""


def download(attachment: Attachment, blocks: Iterable[bytes]) -> Answer:
    """The bytes as a file to be saved (RFC 6266)."""
    given = attachment.content_type.partition(";")[0].strip().lower()
    headers = {
        "Content-Type": given if given in HARMLESS else OPAQUE,
        "Content-Disposition": disposition(attachment.filename),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-site",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(200, headers=headers, blocks=blocks)


def disposition(filename: str) -> str:
    """A Content-Disposition that saves under a harmless form of the name, in ASCII for those who know no better."""
    name = _safe(filename)
    plain = "".join(char if " " <= char <= "~" and char not in '"%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE)}"


def _safe(filename: str) -> str:
    """The last part of the name, without what is invisible, reverses text, or means something to a file system."""
    last = _FOLDERS.split(filename)[-1]
    seen = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    return seen.lstrip(". ").rstrip(". ")[:LONGEST_NAME].strip() or "attachment"
