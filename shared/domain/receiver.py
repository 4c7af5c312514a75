"""What is known of the CRM's receiver of events: whether it takes them, is down, or asked for no more (F49)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.waiting_event import TRY, varied

FAILURES: Final = 5
"""So many events in a row, without one success between, and it counts as down."""
FIRST_PROBE: Final = timedelta(seconds=30)
LONGEST_PROBE: Final = timedelta(minutes=15)
LONGEST_WISH: Final = timedelta(hours=1)
"""How long it may ask us to stay away."""


class Standing(StrEnum):
    """Up: every event is sent. Down: one at a time, now and then. Disabled: none, until an operator enables it."""

    UP = "up"
    DOWN = "down"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Receiver:
    """`failures` came in a row, the last for `reason`; while it is down one event is tried from `probe_at` on."""

    failures: int = 0
    reason: str = ""
    down_since: datetime | None = None
    probe_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def standing(self) -> Standing:
        """How it stands."""
        if self.disabled_at:
            return Standing.DISABLED
        return Standing.DOWN if self.down_since else Standing.UP


def may_be_tried(receiver: Receiver, at: datetime) -> bool:
    """Whether an event may be sent now; while it is down, by whoever writes `probing` first."""
    match receiver.standing:
        case Standing.UP:
            return True
        case Standing.DOWN:
            return receiver.probe_at is None or receiver.probe_at <= at
        case Standing.DISABLED:
            return False


def probing(receiver: Receiver, at: datetime) -> Receiver:
    """One event is being tried; nobody else tries meanwhile."""
    return replace(receiver, probe_at=at + TRY)


def failed(
    receiver: Receiver, at: datetime, reason: str, *, probe: bool, first: bool, wish: timedelta | None
) -> Receiver:
    """After a failure: counted, or down. `wish` is how long it asked us to stay away: then it is down at once.

    Only an event's `first` try counts: one that is refused for itself must not stop all others. What fails while it is
    down already, begun before, says nothing new.
    """
    if receiver.disabled_at or (receiver.down_since and not probe):
        return receiver
    if not (first or probe or wish):
        return receiver
    failures = receiver.failures + 1
    counted = replace(receiver, failures=failures, reason=reason)
    if failures < FAILURES and wish is None and not receiver.down_since:
        return counted
    distance = min(LONGEST_PROBE, FIRST_PROBE * 2 ** min(max(0, failures - FAILURES), 10))
    away = max(varied(distance, "probe", str(failures), at.isoformat()), min(wish or distance, LONGEST_WISH))
    return replace(counted, down_since=receiver.down_since or at, probe_at=at + away)


def gone(receiver: Receiver, at: datetime) -> Receiver:
    """It said 410: no more events, from now on and until an operator says otherwise."""
    return replace(receiver, reason="status 410", disabled_at=receiver.disabled_at or at)


def answered(receiver: Receiver) -> Receiver:
    """After a success: up, with nothing held against it; one that asked for no more stays disabled."""
    return receiver if receiver.disabled_at else Receiver()
