"""Our own marker on a mail: by it a sent copy is known as the CRM's, whatever became of the call that sent it (R10)."""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from shared.domain.identifiers import MessageId

HEADER: Final = "X-Gmail-Sync-Entry"
PURPOSE: Final = "marker"
_VALUE: Final = re.compile(r"\s*([A-Za-z0-9_-]{1,128})\.([0-9a-f]{32})\s*")


class Signer(Protocol):
    """What of a sealer the marker needs."""

    def sign(self, text: str, *, purpose: str) -> str:
        """A MAC of the text, 32 hex digits."""
        ...

    def verified(self, text: str, mac: str, *, purpose: str) -> bool:
        """Whether the MAC is that of the text."""
        ...


class Listed(Protocol):
    """Headers by name."""

    def all(self, name: str, /) -> Sequence[str]:
        """The values of every header of that name."""
        ...


def marker(entry: MessageId, sealer: Signer) -> str:
    """The header's value for an outbox entry: its id and our MAC of it."""
    return f"{entry}.{sealer.sign(entry, purpose=PURPOSE)}"


def entry_of(headers: Listed, sealer: Signer) -> MessageId | None:
    """The outbox entry that a mail's marker names; none unless there is exactly one marker, truly ours.

    Recipients see the marker and could copy it: it counts only on mail that Gmail itself labels SENT, in the entry's
    own mailbox (`adopt_sent`).
    """
    values = headers.all(HEADER)
    match = _VALUE.fullmatch(values[0]) if len(values) == 1 else None
    if match and sealer.verified(match[1], match[2], purpose=PURPOSE):
        return MessageId(match[1])
    return None
