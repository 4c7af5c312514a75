"""A user's auto-BCC address in a location: shown, made where there is none yet, and replaced by another (R60)."""

from dataclasses import replace

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.auto_bcc import address_of, token_of
from shared.domain.identifiers import LocationId, UserId
from shared.domain.places import AutoBcc
from shared.ports.store import Create, Delete, Replace, Store
from shared.usecases.absence import found
from shared.usecases.contended import Patience


def auto_bcc_address(
    store: Store, location: LocationId, user: UserId, *, domain: str, patience: Patience
) -> Address | None:
    """The address; None where the deployment has no domain for them, or the location no such user."""
    key = keys.user(location, user)
    known = store.read(key).value(key) if domain else None
    if known is None:
        return None
    token = known.auto_bcc or _new(store, location, user, patience=patience, rotate=False)
    return address_of(token, domain)


def rotate_auto_bcc(store: Store, location: LocationId, user: UserId, *, patience: Patience) -> None:
    """Another address for the user; the one before stops with this very write. Raises `Rejected` (`not_found`)."""
    _new(store, location, user, patience=patience, rotate=True)


def _new(store: Store, location: LocationId, user: UserId, *, patience: Patience, rotate: bool) -> str:
    def attempt() -> str:
        place, key = keys.location(location), keys.user(location, user)
        reading = store.read(place, key)
        found(reading.value(place))
        stored = found(reading.stored(key))
        before = stored.value.auto_bcc
        if before and not rotate:
            return before
        token = token_of(patience.chance.token())
        old = [Delete(keys.auto_bcc(before))] if before else []
        made = Create(keys.auto_bcc(token), AutoBcc(location, user))
        store.commit([Replace(stored, replace(stored.value, auto_bcc=token)), made, *old])
        return token

    return patience.until_committed(attempt)
