"""Mail as Gmail would tell it with `format=full`: a tree of parts from the octets of a mail."""

import base64
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from typing import Any

LARGE = 20_000
"""Octets from which on text, too, comes by id only; attachments always do."""


def gmail_payload(raw: bytes) -> Mapping[str, Any]:
    """The `payload` of a message."""
    return _part(message_from_bytes(raw), "")


def _part(part: Message, part_id: str) -> dict[str, Any]:
    below = part.get_payload() if part.is_multipart() else []
    assert isinstance(below, list)
    content_type = part.get_content_type()
    told: dict[str, Any] = {
        "partId": part_id,
        "mimeType": content_type,
        "filename": part.get_filename() or "",
        "headers": [{"name": name, "value": _text(value)} for name, value in part.raw_items()],
        "body": {"size": 0},
    }
    if below:
        told["parts"] = [_part(one, f"{part_id}.{at}" if part_id else str(at)) for at, one in enumerate(below)]
    else:
        octets = part.get_payload(decode=True)
        assert isinstance(octets, bytes)
        told["body"] = {"size": len(octets)}
        if told["filename"] or len(octets) > LARGE:
            told["body"]["attachmentId"] = f"now-{part_id}"
        elif octets:
            told["body"]["data"] = base64.urlsafe_b64encode(octets).decode()
    return told


def _text(value: str) -> str:
    return value.encode("ascii", "surrogateescape").decode("utf-8", "replace")
