"""One mailbox, one worker: every write of the worker carries the version under which it holds the mailbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.mailbox import Mailbox
from shared.errors import Conflict, LeaseLost, Transient
from shared.ports.store import Replace, Store, Stored, Write
from shared.ports.world import Clock

TRIES = 30


class Changed(Exception):
    """Something that the decision rests on was written meanwhile: decide again."""


@dataclass(frozen=True, slots=True)
class Held:
    """The mailbox as its worker last wrote it; `origin` is the store's time when our clock's `elapsed` was nothing.

    `cursor` is how far the history is settled; it is written with the next write.
    """

    stored: Stored[Mailbox]
    origin: datetime
    cursor: int

    @property
    def mailbox(self) -> Mailbox:
        """Its present state."""
        return self.stored.value


def at(held: Held, clock: Clock) -> datetime:
    """The store's time."""
    return held.origin + clock.elapsed()


def wait(clock: Clock, attempt: int) -> None:
    """A little longer with every conflict, and never the same for two workers that met."""
    jitter = 1 + clock.now().microsecond % 7 / 7
    clock.sleep(timedelta(milliseconds=5 * 2 ** min(attempt, 6)) * jitter)


def save(
    store: Store,
    clock: Clock,
    held: Held,
    change: Callable[[Mailbox, datetime], Mailbox],
    writes: Sequence[Write] = (),
) -> Held:
    """Writes the mailbox changed, and `writes` with it, all or nothing.

    `change` gets the mailbox as it now is (pushes leave their ids on it) and the store's time. Raises `LeaseLost` if
    another worker holds it, and `Changed` if its connections changed, or one of the other documents.
    """
    for attempt in range(TRIES):
        value = change(held.mailbox, at(held, clock))
        try:
            version = store.commit([*writes, Replace(held.stored, value)])
        except Conflict:
            held = _seen_again(store, held, alone=not writes)
            wait(clock, attempt)
            continue
        return replace(held, stored=Stored(held.stored.key, value, version))
    raise Transient("store: the mailbox is contended")


def _seen_again(store: Store, held: Held, *, alone: bool) -> Held:
    now = refreshed(store, held)
    same = now.stored.version == held.stored.version
    if not alone and (same or now.mailbox.links != held.mailbox.links or now.mailbox.trouble):
        raise Changed
    return now


def refreshed(store: Store, held: Held) -> Held:
    """The mailbox read again. Raises `LeaseLost`."""
    stored = store.read(held.stored.key).stored(held.stored.key)
    if stored is None or (stored.value.fence, stored.value.holder) != (held.mailbox.fence, held.mailbox.holder):
        raise LeaseLost
    return replace(held, stored=stored)
