"""Deciding again from what is stored now, whenever somebody else wrote first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.identifiers import digest
from shared.errors import Conflict, Transient
from shared.ports.world import Chance, Clock

T = TypeVar("T")
TRIES = 12
FIRST_WAIT = timedelta(milliseconds=10)
DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait between two tries: ever longer, and never in step with others."""

    clock: Clock
    chance: Chance

    def now(self) -> datetime:
        """UTC."""
        return self.clock.now()

    def until_committed(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives, which reads, decides and commits. Raises `Transient` after too many conflicts."""
        for tried in range(TRIES):
            try:
                return attempt()
            except Conflict:
                share = int(digest(self.chance.token())[:4], 16) / 0xFFFF
                self.clock.sleep(FIRST_WAIT * 2 ** min(tried, DOUBLINGS) * share)
        raise Transient("contended")
