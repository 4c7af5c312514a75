"""Lists how it stands with each recipient of a mail that was sent from here (R56)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import LocationId, MessageId
from shared.domain.ledger import ON_A_ROLL, Line, Parcel, status
from shared.domain.message import Failure, Message, Status
from shared.domain.outbox import OutboxEntry
from shared.ports.store import Store
from shared.usecases.absence import found, nothing_here
from shared.usecases.ledger_pages import page


@dataclass(frozen=True, slots=True)
class Reached:
    """One recipient; `message` is the one that shows the mail to them in their conversation."""

    address: Address
    status: Status
    message: MessageId | None
    failure: Failure | None


def list_recipients(
    at: LocationId, name: MessageId, *, start: int, limit: int, store: Store
) -> tuple[list[Reached], int | None]:
    """Some recipients from number `start` on, and the number of the next, if there may be one.

    By the name of one recipient's message of a bulk mail it is still all of them. Raises `Rejected` (`not_found`).
    """
    place, key = keys.location(at), keys.message(at, name)
    reading = store.read(place, key, keys.outbox(name))
    found(reading.value(place))
    message = found(reading.value(key))
    if message.purged or message.alias_of:
        raise nothing_here()
    entry = reading.value(keys.outbox(name))
    if message.run:
        entry = store.read(keys.outbox(message.run)).value(keys.outbox(message.run))
    entry = found(entry)
    if entry.location != at:
        raise nothing_here()
    everybody = _ledger(entry, start, limit, store) if entry.provided else _by_gmail(entry, message)[start:]
    rows = list(islice(everybody, limit))
    return rows, start + limit if len(rows) == limit else None


def _by_gmail(entry: OutboxEntry, message: Message) -> list[Reached]:
    """One mail for all of them, which Gmail takes whole or not at all."""
    people = (*entry.to, *entry.cc, *entry.bcc)
    return [Reached(one.address, message.status, message.id, message.failure) for one in people]


def _ledger(entry: OutboxEntry, start: int, limit: int, store: Store) -> Iterator[Reached]:
    """As much as a page needs, from line number `start` on."""
    for number in range(start // ON_A_ROLL, (start + limit - 1) // ON_A_ROLL + 1):
        if number >= max(entry.rolls, 1):
            return
        part = page(entry, number, store)
        for parcel in part.parcels:
            for at, person in zip(parcel.numbers, parcel.people, strict=True):
                if at >= start:
                    yield _reached(entry, parcel, person.address, part.lines.get(at))


def _reached(entry: OutboxEntry, parcel: Parcel, address: Address, line: Line | None) -> Reached:
    """Who was not asked for yet is queued; their message comes with their turn."""
    shown = parcel.name if parcel.conversation and (line or parcel.name == entry.id) else None
    if line is None:
        return Reached(address, Status.QUEUED, shown, None)
    return Reached(address, status([line.state]), shown, line.failure)
