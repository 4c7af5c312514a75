"""How the whole deployment stands: counts, ages and ids, nothing of any mail."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.mailbox import Tally


@dataclass(frozen=True, slots=True)
class Oldest:
    """What has waited longest: its id, and since when."""

    id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and the one that has waited longest."""

    count: int = 0
    oldest: Oldest | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """How many wait for one reason, and since when the oldest of them does, where that was asked."""

    reason: str
    count: int
    oldest: Oldest | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """Mailboxes that are not read before a time that Gmail named; `beyond` of them the reasons were not looked at."""

    count: int = 0
    reasons: tuple[Reason, ...] = ()
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """By state; what follows `disconnected` is about the connected ones.

    `unhandled` is what Gmail announced and nobody has met yet.
    """

    connected: int = 0
    reauth_required: int = 0
    blocked: int = 0
    disconnected: int = 0
    leased: int = 0
    catching_up: int = 0
    relisting: int = 0
    paused: Paused = Paused()
    overdue: Waiting = Waiting()
    unhandled: Waiting = Waiting()


@dataclass(frozen=True, slots=True)
class Watches:
    """`due` lapse within 36 hours, `lapsed` have; the soonest's time is null if it never had a watch."""

    due: int = 0
    lapsed: int = 0
    soonest: str | None = None
    soonest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParkedWork:
    """Mail that could not be taken in; `stuck` is not tried again by itself, of `beyond` the reasons were not asked."""

    count: int = 0
    stuck: int = 0
    reasons: tuple[Reason, ...] = ()
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Sends that have not ended well or at all; `overdue` are those whose time came and nobody looked at them."""

    queued: int = 0
    claimed: int = 0
    calling: int = 0
    in_doubt: Waiting = Waiting()
    unknown: Waiting = Waiting()
    overdue: Waiting = Waiting()


@dataclass(frozen=True, slots=True)
class Coverage:
    """All mailboxes' ends together; `percent` of the ids seen are settled."""

    tally: Tally
    seen: int
    percent: float | None


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for somebody: what it is, and what to do about it."""

    code: str
    message: str
    action: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything together, at one time."""

    at: datetime
    mailboxes: Mailboxes
    watches: Watches
    parked: ParkedWork
    sends: Outgoing
    endings: Waiting
    coverage: Coverage
