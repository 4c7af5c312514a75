"""Whether those whose mail a run sends are still there (R39)."""

from typing import Any

from shared.domain import keys
from shared.domain.outbox import OutboxEntry
from shared.ports.store import Reading


def owners(entry: OutboxEntry) -> tuple[keys.Key[Any], keys.Key[Any]]:
    """The documents of the mail's location and user."""
    return keys.location(entry.location), keys.user(entry.location, entry.user)


def removed(entry: OutboxEntry, reading: Reading) -> bool:
    """Whether nobody is there any more whose mail it is: a bulk or workflow mail is its location's, not its user's."""
    place, user = (reading.value(key) for key in owners(entry))
    return place is None or (entry.kind == "individual" and user is None)
