"""All that a delivery may touch, and what came of it."""

from dataclasses import dataclass

from shared.domain.outbox import EntryState
from shared.ports.gmail import GmailAccess, Sealer
from shared.ports.store import Store
from shared.ports.world import Blobs, Topics
from shared.usecases.contended import Patience


@dataclass(frozen=True, slots=True)
class Delivery:
    """The ports of one delivery."""

    store: Store
    topics: Topics
    blobs: Blobs
    gmail: GmailAccess
    sealer: Sealer
    patience: Patience


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the entry stands now, and why; nothing for an entry that is not there."""

    state: EntryState | None
    reason: str = ""
