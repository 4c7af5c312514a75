"""Clears away the blobs that no document names: what workers and requests left that died before their commit (F28)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, assert_never

from shared.domain import keys
from shared.domain.blob_owner import OfHeld, OfMessage, OfSend, Owner, Sweep, owner_of
from shared.domain.keys import Key
from shared.domain.message import Message
from shared.errors import Transient
from shared.ports.store import Put, Reading, Store
from shared.ports.world import Clock, Kept, Shelf

AGE: Final = timedelta(days=1)
"""Far longer than any worker holds a blob that it has not committed yet."""
PAGE: Final = 100
PAGES: Final = 50
"""Of one run, which with the time bounds what it reads; an hourly run looks at 120,000 blobs a day."""
BUDGET: Final = timedelta(seconds=60)


def sweep_blobs(*, store: Store, shelf: Shelf, clock: Clock) -> int:
    """How many blobs were cleared away by one run, which goes on where the last one stopped, round after round.

    A blob goes only if it is a day old by the store's time (F31), no document names it, and it is still the one that
    was listed: whoever writes it anew meanwhile keeps it. A run that dies is gone on with from its last page. What
    can't be done now is done by a later round. Raises `Transient` where store or blobs can't be reached.
    """
    began, cleared, reading = clock.elapsed(), 0, store.read(keys.SWEEP)
    after = (reading.value(keys.SWEEP) or Sweep()).after
    for _ in range(PAGES):
        page = shelf.list(after=after, limit=PAGE)
        old = [kept for kept in page if reading.at - kept.written_at > AGE]
        cleared += sum(shelf.drop(kept) for kept in _orphans(store, old))
        after = page[-1].name if len(page) == PAGE else ""
        store.commit([Put(keys.SWEEP, Sweep(after))])
        if not after or clock.elapsed() - began > BUDGET:
            break
    return cleared


def _orphans(store: Store, listed: Sequence[Kept]) -> list[Kept]:
    owners = [(kept, owner) for kept in listed if (owner := owner_of(kept.name))]
    wanted = {key.path: key for _, owner in owners for key in _documents(owner)}
    if not wanted:
        return []
    reading = store.read(*wanted.values())
    return [kept for kept, owner in owners if not _named(kept.name, owner, reading)]


def _documents(owner: Owner) -> Sequence[Key[Any]]:
    match owner:
        case OfMessage(location, message, own):
            return [keys.message(location, name) for name in (message, own) if name]
        case OfSend(location, entry):
            return [keys.outbox(entry), keys.message(location, entry)]
        case OfHeld(location, mail):
            return [keys.quarantine(location).key(mail)]
        case _:
            assert_never(owner)


def _named(blob: str, owner: Owner, reading: Reading) -> bool:
    match owner:
        case OfMessage(location, message, own):
            return any(_shown(blob, reading.value(keys.message(location, name))) for name in (message, own) if name)
        case OfSend(location, entry, folder):
            sent = reading.value(keys.outbox(entry))
            return bool(sent and sent.folder == folder) or _shown(blob, reading.value(keys.message(location, entry)))
        case OfHeld(location, mail):
            held = reading.value(keys.quarantine(location).key(mail))
            return bool(held and held.blob == blob)
        case _:
            assert_never(owner)


def _shown(blob: str, message: Message | None) -> bool:
    if message is None or message.purged:
        return False
    return blob in {message.body.blob, *(one.blob for one in message.attachments)}


def swept(*, store: Store, shelf: Shelf, clock: Clock) -> int:
    """As `sweep_blobs`, for a run that has other work too: what can't be reached is left for the next one."""
    try:
        return sweep_blobs(store=store, shelf=shelf, clock=clock)
    except Transient:
        return 0
