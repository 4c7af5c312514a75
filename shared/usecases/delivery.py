"""All that a delivery may touch, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain.outbox import EntryState
from shared.domain.provider import Provider
from shared.ports.gmail import GmailAccess, Sealer
from shared.ports.provider import MailProvider
from shared.ports.store import Store
from shared.ports.world import Blobs, Topics
from shared.usecases.contended import Patience


@dataclass(frozen=True, slots=True)
class Delivery:
    """The ports of one delivery; `default` is the provider of locations without one.

    Without `providers` nothing leaves but through Gmail. `budget` is how long a run begins new calls; the last one is
    to end before the function's own time does.
    """

    store: Store
    topics: Topics
    blobs: Blobs
    gmail: GmailAccess
    sealer: Sealer
    patience: Patience
    providers: MailProvider | None = None
    default: Provider | None = None
    budget: timedelta = timedelta(seconds=90)
    stopping: Callable[[], bool] = lambda: False
    """Whether this instance was told to end: a run hands on what is left (F45)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the entry stands now, and why, after how many attempts; nothing for an entry that is not there."""

    state: EntryState | None
    reason: str = ""
    attempt: int = field(default=0, compare=False)
