"""The rest of the outside: time, chance, blobs, and the topics that work and events are published to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.identifiers import LocationId, MailboxId, MessageId


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """UTC."""
        ...

    def sleep(self, duration: timedelta) -> None:
        """Waits."""
        ...


class Chance(Protocol):
    """Unguessable text."""

    def token(self) -> str:
        """At least 256 random bits, URL-safe."""
        ...


class Blobs(Protocol):
    """Bytes too large for a document. Names are relative and made by us."""

    def write(self, name: str, blocks: Iterable[bytes]) -> int:
        """Streams the blocks under the name, whole or not at all; a name that exists is written anew. Bytes written."""
        ...

    def read(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """Its bytes from `start` on, in blocks. Raises `Gone`."""
        ...

    def delete(self, name: str) -> None:
        """No such blob any more."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the CRM: ids and state, never content; `id` is derived from what happened (R75)."""

    id: str
    type: str
    location: LocationId
    occurred_at: datetime
    details: dict[str, object] = field(default_factory=dict)


class Topics(Protocol):
    """Publishing; every call returns once the topic has it, or raises `Transient`."""

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        """Mailboxes that need a look, to `process_history`."""
        ...

    def deliver(self, entries: Sequence[MessageId]) -> None:
        """Accepted mails, to `deliver_email`."""
        ...

    def announce(self, events: Sequence[Event]) -> None:
        """What happened, to the CRM."""
        ...
