"""Removes a location, which ends all its connections (R39)."""

from datetime import timedelta

from shared.domain import keys
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import LocationId, UserId
from shared.domain.location import LastPolicy
from shared.errors import Transient
from shared.ports.store import Delete, Put, Query, Store, Where
from shared.ports.world import Topics
from shared.usecases.contended import Patience
from shared.usecases.disconnect import disconnect
from shared.usecases.grants import Google

BATCH = 20
BUDGET = timedelta(seconds=40)


def delete_location(
    location: LocationId, *, by: UserId, store: Store, google: Google, topics: Topics, patience: Patience
) -> None:
    """No such location any more: everything in it answers as if it did not exist, and stays until it is purged.

    The location goes first, so that a connection that is being completed sees it, or is seen here. One that is cut
    off, or raises `Transient` because there are many connections, is to be repeated; one that is not there is fine.
    """
    started = patience.now()
    patience.until_committed(lambda: _remove(store, location))
    live = Query(keys.connections(location), (Where("state", "==", str(ConnectionState.CONNECTED)),), limit=BATCH)
    while page := store.find(live):
        if patience.now() - started > BUDGET:
            raise Transient("connections are still being ended")
        for stored in page:
            disconnect(
                location,
                UserId(stored.value.user),
                by=by,
                store=store,
                google=google,
                topics=topics,
                patience=patience,
            )


def _remove(store: Store, location: LocationId) -> None:
    stored = store.read(keys.location(location)).stored(keys.location(location))
    if stored:
        last = Put(keys.last_policy(location), LastPolicy(stored.value.policy_version))
        store.commit([Delete(stored.key, stored), last])
