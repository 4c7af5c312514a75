"""How it stands with the events on their way to the CRM, and what of it waits for somebody (F49)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.attention import age, many
from shared.domain.overview import Need
from shared.domain.receiver import Receiver
from shared.domain.waiting_event import GIVEN_UP_AFTER

DOWN_FOR: Final = timedelta(minutes=30)
"""Longer than a restart of the CRM takes."""


@dataclass(frozen=True, slots=True)
class EventsStatus:
    """The receiver, how many events wait for it, since when the oldest does, and how many were given up."""

    receiver: Receiver
    waiting: int = 0
    oldest: datetime | None = None
    undelivered: int = 0


def events_attention(status: EventsStatus, at: datetime) -> Iterator[Need]:
    """What needs somebody."""
    receiver, waits = status.receiver, f"{many(status.waiting, 'event')} waiting"
    if receiver.disabled_at:
        yield Need(
            "events_disabled",
            f"The CRM's receiver asked for no more events (410) {age(at - receiver.disabled_at)} ago; {waits}.",
            f"Have the CRM's team set it right, then enable it. Events that wait for {GIVEN_UP_AFTER.days} days are "
            "given up.",
        )
    elif receiver.down_since and at - receiver.down_since >= DOWN_FOR:
        yield Need(
            "events_down",
            f"The CRM's receiver takes no events since {age(at - receiver.down_since)}: {receiver.reason}; {waits}.",
            "Have the CRM's team look at it. It is tried each quarter of an hour, and gets what waits once it answers.",
        )
    if status.undelivered:
        yield Need(
            "events_undelivered",
            f"{many(status.undelivered, 'event')} given up after {GIVEN_UP_AFTER.days} days.",
            "Mend the receiver, then replay them; or have the CRM read its conversations anew.",
        )
