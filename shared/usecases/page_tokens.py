"""The tokens of one list's pages: none may come twice, or the list would never end (F12)."""

from dataclasses import dataclass, field
from typing import Final

from shared.errors import PageExpired

RELISTS: Final = 3
"""Times that a list is begun again, without having come further, before the mailbox is paused."""


@dataclass(slots=True)
class PageTokens:
    """Those that were followed so far."""

    _seen: set[str] = field(default_factory=set)

    def followed(self, token: str) -> str:
        """The token. Raises `PageExpired` if it leads back to where the list has been."""
        if token in self._seen:
            raise PageExpired
        self._seen.add(token)
        return token


@dataclass(slots=True)
class Relists:
    """How often a list was begun again from the same place."""

    _at: object = None
    _count: int = 0

    def again(self, at: object, expired: PageExpired) -> None:
        """Allows it, or raises what made it necessary. `at` is how far the list is settled."""
        self._count = self._count + 1 if at == self._at else 1
        self._at = at
        if self._count > RELISTS:
            raise expired
