"""Removes a user from a location, which ends their connection there (R39)."""

from functools import partial

from shared.domain import keys
from shared.domain.identifiers import LocationId, UserId
from shared.ports.store import Delete, Store
from shared.ports.world import Topics
from shared.usecases.address_writes import entry_writes
from shared.usecases.contended import Patience
from shared.usecases.disconnect import disconnect
from shared.usecases.grants import Google
from shared.usecases.put_user import leaving_user


def delete_user(
    location: LocationId, user: UserId, *, by: UserId, store: Store, google: Google, topics: Topics, patience: Patience
) -> None:
    """No such user any more; what was synced for them stays readable. One that is not there is fine.

    The user goes first, so that a connection that is being completed sees it, or is seen here.
    """
    patience.until_committed(partial(_remove, store, location, user))
    disconnect(location, user, by=by, store=store, google=google, topics=topics, patience=patience)


def _remove(store: Store, location: LocationId, user: UserId) -> None:
    key = keys.user(location, user)
    stored = store.read(key).stored(key)
    if stored:
        token = stored.value.auto_bcc
        address = [Delete(keys.auto_bcc(token))] if token else []
        store.commit([Delete(key, stored), *address, *entry_writes(store, [leaving_user(location, stored.value)])])
