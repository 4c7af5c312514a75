"""Pages of a list: `limit` and an opaque `cursor`, which holds a sort value and an id of the same list only."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from shared.domain.identifiers import ID_PATTERN
from shared.errors import Rejected

MOST = 100
LIMIT = re.compile(r"[1-9][0-9]?|100")
Value = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Name = Annotated[str, msgspec.Meta(pattern=f"^{ID_PATTERN}")]


def asked(query: Mapping[str, str]) -> tuple[int, tuple[int, str] | None]:
    """The page's size, 100 unless told, and where the page before it ended."""
    text = query.get("limit", str(MOST))
    if not LIMIT.fullmatch(text):
        raise Rejected("invalid_request", f"limit is a number from 1 to {MOST}.")
    cursor = query.get("cursor")
    if not cursor:
        return int(text), None
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=False)
        value, name = msgspec.json.decode(raw, type=tuple[Value, Name])
    except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError, ValueError) as error:
        raise Rejected("invalid_request", "cursor is not one that a list gave.") from error
    return int(text), (value, name)


def cursor(value: int, name: str) -> str:
    """The cursor after the item with that sort value and id."""
    return base64.urlsafe_b64encode(msgspec.json.encode((value, name))).decode("ascii").rstrip("=")
