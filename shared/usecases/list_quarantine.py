"""A user's auto-BCC mail that was not filed, the newest first (R63)."""

from datetime import datetime

from shared.domain import keys
from shared.domain.identifiers import LocationId, UserId
from shared.domain.quarantine import Quarantined
from shared.ports.store import Query, Store, Where
from shared.usecases.absence import found


def list_quarantine(
    store: Store, location: LocationId, user: UserId, *, now: datetime, limit: int, after: tuple[int, str] | None
) -> list[Quarantined]:
    """A page; whatever is over is not shown, whether the store has deleted it or not. Raises `Rejected`."""
    place = keys.location(location)
    found(store.read(place).value(place))
    own = Query(
        keys.quarantine(location),
        (Where("user", "==", user),),
        order_by="received_ms",
        descending=True,
        limit=limit,
        after=after,
    )
    return [stored.value for stored in store.find(own) if not stored.value.over(now)]
