"""The rest of the outside: time, chance, blobs, and the topics that work and events are published to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.identifiers import NO_TRACE, LocationId, MailboxId, MessageId, TraceId


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """UTC."""
        ...

    def elapsed(self) -> timedelta:
        """Since some moment in the past; however `now` is put right meanwhile, this only goes on (F31)."""
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
class Kept:
    """A blob as it was listed; `version` is another one once it is written anew."""

    name: str
    written_at: datetime
    version: str


class Shelf(Protocol):
    """All blobs, for whoever clears away. Raises `Transient`."""

    def list(self, *, after: str, limit: int) -> Sequence[Kept]:
        """Those whose names come after `after`, in the order of their names."""
        ...

    def drop(self, kept: Kept) -> bool:
        """Deletes the blob if it is still the one that was listed; whether it did."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the CRM: ids and state, never content; `id` is derived from what happened (R75).

    `trace` is that of what it is about, whoever tells it; without one it belongs to the teller's own.
    """

    id: str
    type: str
    location: LocationId
    occurred_at: datetime
    details: dict[str, object] = field(default_factory=dict)
    trace: TraceId = NO_TRACE


class Topics(Protocol):
    """Publishing; every call returns once the topic has it, or raises `Transient`."""

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        """Mailboxes that need a look, to `process_history`."""
        ...

    def deliver(self, entries: Mapping[MessageId, TraceId]) -> None:
        """Accepted mails, each under the trace of its acceptance, to `deliver_email`."""
        ...

    def announce(self, events: Sequence[Event]) -> None:
        """What happened, to the CRM."""
        ...

    def deliver_again(self, events: Mapping[str, TraceId]) -> None:
        """Events that wait, by their ids, each under its trace, to `deliver_events` alone."""
        ...
