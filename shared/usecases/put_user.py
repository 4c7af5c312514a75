"""Creates or replaces a user, whose address is internal from then on (R21)."""

from dataclasses import replace
from functools import partial

from shared.domain import keys
from shared.domain.address_index import name_of_user, with_internal, without_internal
from shared.domain.auto_bcc import token_of
from shared.domain.identifiers import LocationId
from shared.domain.location import User
from shared.domain.places import AutoBcc
from shared.ports.store import Create, Replace, Store, Write
from shared.usecases.absence import found
from shared.usecases.address_writes import Edit, entry_writes
from shared.usecases.contended import Patience


def put_user(store: Store, location: LocationId, user: User, *, patience: Patience) -> bool:
    """Whether the user is new. Raises `Rejected` if there is no such location.

    They are given an auto-BCC address, and keep the one that they have (R60).
    """

    def attempt() -> bool:
        key = keys.user(location, user.id)
        reading = store.read(keys.location(location), key)
        found(reading.value(keys.location(location)))
        old = reading.stored(key)
        token = old.value.auto_bcc if old else ""
        named = replace(user, auto_bcc=token or token_of(patience.chance.token()))
        record: Write = Replace(old, named) if old else Create(key, named)
        address = [] if token else [Create(keys.auto_bcc(named.auto_bcc), AutoBcc(location, user.id))]
        edits = [*([leaving_user(location, old.value)] if old else []), _joining(location, user)]
        store.commit([record, *address, *entry_writes(store, edits)])
        return old is None

    return patience.until_committed(attempt)


def leaving_user(location: LocationId, user: User) -> Edit:
    """The user out of the entry of their address."""
    return Edit(keys.address(location, user.email), partial(without_internal, name=name_of_user(user)))


def _joining(location: LocationId, user: User) -> Edit:
    joined = partial(with_internal, name=name_of_user(user), address=user.email)
    return Edit(keys.address(location, user.email), joined)
