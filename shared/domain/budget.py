"""Gmail's quota of one mailbox: units spent within the last minute, kept on the mailbox so that workers share it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

SLOT_SECONDS = 0.5
SLOTS = 120 + 1
"""A minute, and the slot that it may begin in the middle of."""

HISTORY, LIST, GET, PROFILE, SEND, LABELS, ALIASES = 2, 5, 20, 1, 100, 1, 1
"""Units of a history.list, a messages.list, any get, a profile, a send, a labels.list and a sendAs.list."""


def spent(units: Mapping[str, int], now: datetime) -> int:
    """Units that count against the minute that ends now."""
    return sum(_counting(units, now).values())


def spending(units: Mapping[str, int], now: datetime, more: int) -> dict[str, int]:
    """The record with `more` units spent now."""
    slot = str(_slot(now))
    counting = _counting(units, now)
    return {**counting, slot: counting.get(slot, 0) + more}


def wait(units: Mapping[str, int], now: datetime, more: int, limit: int) -> timedelta:
    """How long until `more` units fit under the limit of a minute; what could never fit is let through alone."""
    counting = _counting(units, now)
    over = sum(counting.values()) + more - limit
    for slot in sorted(counting, key=int):
        if over <= 0:
            break
        over -= counting[slot]
        if over <= 0 or slot == max(counting, key=int):
            frees = (int(slot) + SLOTS) * SLOT_SECONDS
            return timedelta(seconds=max(0.0, frees - now.timestamp()))
    return timedelta()


def fitting(units: Mapping[str, int], now: datetime, each: int, limit: int) -> int:
    """How many calls of `each` units fit under the limit of the minute that ends now."""
    return max(0, limit - spent(units, now)) // each


def _slot(now: datetime) -> int:
    return int(now.timestamp() / SLOT_SECONDS)


def _counting(units: Mapping[str, int], now: datetime) -> dict[str, int]:
    return {slot: count for slot, count in units.items() if int(slot) > _slot(now) - SLOTS}
