"""A user's connection as their profile shows it (R04)."""

from datetime import datetime

from shared.domain import keys
from shared.domain.connection_status import ConnectionStatus, status_of
from shared.domain.identifiers import LocationId, UserId
from shared.ports.store import Store
from shared.usecases.absence import found


def read_connection(store: Store, location: LocationId, user: UserId, *, now: datetime) -> ConnectionStatus:
    """The status. Raises `Rejected` if there is no such location."""
    reading = store.read(keys.location(location), keys.connection(location, user))
    place = found(reading.value(keys.location(location)))
    connection = reading.value(keys.connection(location, user))
    if not connection:
        return status_of(None, None, place.policy, now=now)
    key = keys.mailbox(connection.mailbox)
    return status_of(connection, store.read(key).value(key), place.policy, now=now)
