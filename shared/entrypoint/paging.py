"""Pages of a list: `limit` and an opaque `cursor`, which leads on in the list that gave it and in no other."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from shared.domain.identifiers import ID_PATTERN, digest
from shared.errors import Rejected

PARAMETERS = ("limit", "cursor")
MOST = 100
LIMIT = re.compile(r"[1-9][0-9]?|100")
Value = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Name = Annotated[str, msgspec.Meta(pattern=f"^{ID_PATTERN}")]


@dataclass(frozen=True, slots=True)
class Pages:
    """A page's size, and where the page before it ended, as sort value and id; `of` stands for the list."""

    limit: int
    after: tuple[int, str] | None
    of: str

    def cursor(self, value: int, name: str) -> str:
        """The cursor after the item with that sort value and id."""
        return base64.urlsafe_b64encode(msgspec.json.encode((value, name, self.of))).decode("ascii").rstrip("=")


def asked(path: str, query: Mapping[str, str]) -> Pages:
    """The page that is asked for, of 100 items unless told. A list is its path and what else the query asks.

    Raises `Rejected` (`invalid_request`), also for a cursor of another list.
    """
    text = query.get("limit", str(MOST))
    if not LIMIT.fullmatch(text):
        raise Rejected("invalid_request", f"limit is a number from 1 to {MOST}.")
    others = sorted((name, value) for name, value in query.items() if name not in PARAMETERS)
    of = digest("list", path.rstrip("/"), *(text for pair in others for text in pair))[:8]
    return Pages(int(text), _after(query["cursor"], of) if "cursor" in query else None, of)


def _after(cursor: str, of: str) -> tuple[int, str]:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=False)
        value, name, made_for = msgspec.json.decode(raw, type=tuple[Value, Name, str])
    except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError, ValueError) as error:
        raise Rejected("invalid_request", "cursor is not one that a list gave.") from error
    if made_for != of:
        raise Rejected("invalid_request", "cursor is of another list.")
    return value, name
