"""An event that its receiver does not have yet: kept, tried again ever more rarely, for days (R75, F49)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.identifiers import NO_TRACE, LocationId, TraceId, digest

DISTANCES: Final = tuple(timedelta(minutes=one) for one in (0.5, 2, 10, 30, 60, 120, 240, 480, 720))
"""After the first, second, ... failure; the last one from then on."""
JITTER: Final = 0.2
GIVEN_UP_AFTER: Final = timedelta(days=5)
KEPT_FOR: Final = timedelta(days=30)
"""How long an operator can still have an event delivered that was given up."""
TRY: Final = timedelta(seconds=60)
"""How long a try has the event to itself; longer than any takes."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An event as the topic has it: `body` is its JSON, `id` derived from what happened and always the same.

    `trace` is that of its announcement.
    """

    id: str
    type: str
    location: LocationId
    body: str
    trace: TraceId = NO_TRACE


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """`attempts` were made since `since`, the last one failed for `reason`; `retry_at` is when the next is due.

    Either `gives_up_at` is set, or `undelivered_at`, from which on nothing happens by itself until `expires_at`.
    """

    event: Announced
    since: datetime
    attempts: int
    reason: str
    retry_at: datetime | None = None
    gives_up_at: datetime | None = None
    undelivered_at: datetime | None = None
    expires_at: datetime | None = None


def waiting(event: Announced, at: datetime, reason: str) -> WaitingEvent:
    """The event from now on: due at once, as soon as the receiver may be tried."""
    return WaitingEvent(event, at, 0, reason, retry_at=at, gives_up_at=at + GIVEN_UP_AFTER)


def being_tried(event: WaitingEvent, at: datetime) -> WaitingEvent:
    """A try begins; if its worker dies the event is due again."""
    return replace(event, attempts=event.attempts + 1, retry_at=at + TRY)


def refused(event: WaitingEvent, at: datetime, reason: str, *, held: bool) -> WaitingEvent:
    """After a failed try: given up, or due after the next distance.

    `held`: the receiver takes nothing at all, so that it is not the event's fault, which is due as soon as it does.
    """
    if event.gives_up_at is None or event.gives_up_at <= at:
        return given_up(replace(event, reason=reason), at)
    if held:
        return replace(event, reason=reason, retry_at=at)
    distance = DISTANCES[min(max(event.attempts, 1), len(DISTANCES)) - 1]
    return replace(event, reason=reason, retry_at=at + varied(distance, event.event.id, str(event.attempts)))


def given_up(event: WaitingEvent, at: datetime) -> WaitingEvent:
    """Not tried again by itself; shown to operators as undelivered."""
    return replace(event, retry_at=None, gives_up_at=None, undelivered_at=at, expires_at=at + KEPT_FOR)


def replayed(event: WaitingEvent, at: datetime) -> WaitingEvent:
    """As if it happened now."""
    return waiting(event.event, at, "replayed")


def varied(distance: timedelta, *seed: str) -> timedelta:
    """The distance, up to a fifth more or less, always the same for the same seed: many do not come back together."""
    share = int(digest("jitter", *seed)[:8], 16) / 0xFFFFFFFF
    return distance * (1 + JITTER * (2 * share - 1))
