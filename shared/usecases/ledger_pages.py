"""Reads the ledger of a mail that goes through the provider, some recipients at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain import keys, ledger
from shared.domain.ledger import Line, Parcel
from shared.domain.outbox import OutboxEntry
from shared.ports.store import Store


@dataclass(frozen=True, slots=True)
class Page:
    """Some parcels in their order, and those of their lines that were written yet, by number."""

    parcels: tuple[Parcel, ...]
    lines: dict[int, Line]

    def of(self, parcel: Parcel) -> dict[int, Line]:
        """The parcel's lines."""
        return {at: self.lines[at] for at in parcel.numbers if at in self.lines}


def pages(entry: OutboxEntry, store: Store) -> Iterator[Page]:
    """All of the ledger."""
    for number in range(max(entry.rolls, 1)):
        yield page(entry, number, store)


def page(entry: OutboxEntry, number: int, store: Store) -> Page:
    """The part of it with that number; a mail that is no bulk mail has one part."""
    parcels = _parcels(entry, number, store)
    wanted = {at: keys.line(entry.id, at) for parcel in parcels for at in parcel.numbers}
    if not wanted:
        return Page(parcels, {})
    reading = store.read(*wanted.values())
    return Page(parcels, {at: line for at, key in wanted.items() if (line := reading.value(key))})


def _parcels(entry: OutboxEntry, number: int, store: Store) -> tuple[Parcel, ...]:
    if not entry.rolls:
        return (ledger.parcel_of(entry),)
    key = keys.roll(entry.id, number)
    roll = store.read(key).value(key)
    return tuple(ledger.parcels_of(entry, roll, number)) if roll else ()
