"""Tells the CRM of connections that stand; told again by the renewal where nobody knows whether it was (R75)."""

from collections.abc import Iterable
from datetime import datetime

from shared.domain.identifiers import LocationId
from shared.domain.mailbox import Mailbox
from shared.ports.world import Event


def connected_events(mailbox: Mailbox, locations: Iterable[LocationId], *, now: datetime) -> list[Event]:
    """One for each of the locations: the same event however often it is told of one grant."""
    return [
        Event(
            id=f"connection.connected:{location}:{mailbox.links[location].user}:{mailbox.id}:{mailbox.granted}",
            type="connection.connected",
            location=location,
            occurred_at=now,
            details={"user": mailbox.links[location].user},
        )
        for location in locations
    ]
