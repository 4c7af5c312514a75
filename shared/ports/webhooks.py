"""The CRM's receiver of events."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """Taken; not taken, to be tried again; or no more events at all, please (410)."""

    TAKEN = "taken"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Reply:
    """The verdict, its reason in a word or a status, and for how long the receiver asked us to stay away."""

    verdict: Verdict
    reason: str = ""
    wish: timedelta | None = None


class Webhook(Protocol):
    """One receiver."""

    def deliver(self, name: str, body: bytes, *, at: datetime) -> Reply:
        """Hands an event over, signed, once: no redirect is followed, nothing is repeated.

        Whatever happens is told within seconds, and as a reply. The same `name` each time that an event comes.
        """
        ...
