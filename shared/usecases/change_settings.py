"""Changes what a user has chosen for their own connection; the mailbox's next commit already goes by it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from shared.domain import keys
from shared.domain.connection import Connection, ConnectionState
from shared.domain.exclusions import read_exclusion
from shared.domain.identifiers import LocationId, UserId
from shared.domain.linking import not_connected
from shared.domain.mailbox import Mailbox
from shared.errors import Rejected
from shared.ports.store import Replace, Store, Stored, Write
from shared.usecases.absence import found
from shared.usecases.contended import Patience

MOST: Final = 100


def change_settings(
    store: Store, location: LocationId, user: UserId, *, exclusions: Sequence[str], signature: bool, patience: Patience
) -> Connection:
    """The connection with the settings, which outlive its end and the change to another account.

    One batch with the mailbox's own copy: whoever works on the mailbox cannot commit what was decided under the old
    exclusions (R24). Raises `Rejected`: `not_found`, `not_connected` if there never was one, `invalid_request`.
    """
    chosen = _read(exclusions)

    def attempt() -> Connection:
        place, key = keys.location(location), keys.connection(location, user)
        reading = store.read(place, key)
        found(reading.value(place))
        stored = reading.stored(key)
        if stored is None:
            raise not_connected()
        after = replace(stored.value, exclusions=chosen, signature=signature)
        store.commit([Replace(stored, after), *_mirrored(store, location, after)])
        return after

    return patience.until_committed(attempt)


def _mirrored(store: Store, location: LocationId, connection: Connection) -> list[Write]:
    if connection.state is not ConnectionState.CONNECTED:
        return []
    key = keys.mailbox(connection.mailbox)
    stored: Stored[Mailbox] | None = store.read(key).stored(key)
    link = stored.value.links.get(location) if stored else None
    if stored is None or link is None or link.user != connection.user:
        return []
    links = {**stored.value.links, location: replace(link, exclusions=connection.exclusions)}
    return [Replace(stored, replace(stored.value, links=links))]


def _read(exclusions: Sequence[str]) -> tuple[str, ...]:
    """Each once, in the form that is compared, in the order in which they came."""
    if len(exclusions) > MOST:
        raise Rejected("invalid_request", f"The list of exclusions may have {MOST} entries, not {len(exclusions)}.")
    read = [read_exclusion(one) for one in exclusions]
    if None in read:
        raise Rejected(
            "invalid_request",
            f"Number {read.index(None) + 1} of the exclusions is not an address (ann@shop.example), a domain "
            "(shop.example) or a Gmail label (label:Private).",
        )
    return tuple(dict.fromkeys(one for one in read if one))
