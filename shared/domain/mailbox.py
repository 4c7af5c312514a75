"""A Gmail account: its grant, watch and history cursor, the connections that use it, and its single worker's lease."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from shared.domain.addresses import Address
from shared.domain.exclusions import Exclusions
from shared.domain.identifiers import GmailId, LocationId, MailboxId, UserId
from shared.errors import Remedy

LEASE = timedelta(seconds=60)
SWEEP = timedelta(minutes=60)
RECHECK = timedelta(seconds=5)
LAG_CHECKS = 6
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = 6


@dataclass(frozen=True, slots=True)
class Alias:
    """A send-as address that Gmail has verified; mail from it is the user's own (R34, R50)."""

    address: Address
    name: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A refresh token, sealed; `version` grows with each consent, so that only the refused one is ever condemned."""

    sealed: str
    version: int
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """A connection as its mailbox knows it: whose, since when mail counts (R05), and which of its lives this is."""

    user: UserId
    connected_at: datetime
    epoch: int
    exclusions: tuple[str, ...] = ()
    """The user's own, as the policy's (R24)."""

    @cached_property
    def excluded(self) -> Exclusions:
        """The user's exclusions, to look mail up in."""
        return Exclusions.of(self.exclusions)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be read or sent until somebody acts (R06)."""

    remedy: Remedy
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Listing what came since `since`, because Gmail forgot the cursor; ends with `cursor = baseline`.

    `through` is the last mail that is settled, all older ones with it. One that an operator asked for, at `asked_at`,
    may end with mail of `until`, and leaves the cursor where it is: its baseline is 0. `begun_at` is for the others.
    """

    since: datetime
    baseline: int = 0
    through: GmailId | None = None
    until: datetime | None = None
    asked_at: datetime | None = None
    begun_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How every id that was seen ended (R73); what an operator dropped is settled by that."""

    stored: int = 0
    left_out: int = 0
    gone: int = 0
    parked: int = 0
    dropped: int = 0

    def plus(self, *, stored: int = 0, left_out: int = 0, gone: int = 0, parked: int = 0, dropped: int = 0) -> "Tally":
        """The tally with more ends in it; `parked` goes down when parked work is settled."""
        return Tally(
            self.stored + stored,
            self.left_out + left_out,
            self.gone + gone,
            max(0, self.parked + parked),
            self.dropped + dropped,
        )

    @property
    def unread(self) -> int:
        """How many ended without having been read: any of them may have been a send in doubt. It only grows."""
        return self.gone + self.dropped

    @property
    def seen(self) -> int:
        """All of them."""
        return self.stored + self.left_out + self.gone + self.dropped + self.parked

    @property
    def coverage(self) -> float | None:
        """Percentage of the ids seen that are settled; none seen, none said."""
        return round(100 * (self.seen - self.parked) / self.seen, 3) if self.seen else None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One Gmail account in this project; history ids are integers and only ever grow."""

    id: MailboxId
    subject: str
    address: Address
    name: str = ""
    hosted_domain: str | None = None
    aliases: tuple[Alias, ...] = ()
    grant: Grant | None = None
    granted: int = 0
    """How many grants it has had; the next one's version is one more, even if there is none now."""
    trouble: Trouble | None = None
    links: dict[LocationId, Link] = field(default_factory=dict)
    cursor: int = 0
    pending: int = 0
    unhandled_since: datetime | None = None
    """Since when some id that Gmail announced has been ahead of the cursor without a break."""
    fence: int = 0
    holder: str = ""
    lease_until: datetime | None = None
    attempts: int = 0
    suspect: str = ""
    wake_at: datetime | None = None
    lag_checks: int = 0
    reads_paused_until: datetime | None = None
    sends_paused_until: datetime | None = None
    pause_reason: str = ""
    pauses: int = 0
    catch_up: CatchUp | None = None
    relist: CatchUp | None = None
    """A window that an operator has gone through again, besides all that the mailbox does anyway."""
    parked_due: datetime | None = None
    untold: str = ""
    """A note of the last commit's events, from that commit on until they have gone out (R75)."""
    watch_expires_at: datetime | None = None
    last_synced_at: datetime | None = None
    tally: Tally = field(default_factory=Tally)
    keeps_marker: bool = False
    """Whether a sent mail was read back from this account with our marker still on it; another's proves nothing."""
    sent: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether Gmail may be asked anything at all."""
        return bool(self.grant and self.links and not self.trouble)

    def leased(self, at: datetime) -> bool:
        """Whether a worker holds the mailbox at the store's time `at`."""
        return bool(self.holder and self.lease_until and self.lease_until > at)

    def own_addresses(self) -> frozenset[Address]:
        """The account's address and its verified aliases."""
        return frozenset({self.address, *(alias.address for alias in self.aliases)})


def announced(mailbox: Mailbox, history_id: int, *, at: datetime) -> Mailbox:
    """The mailbox knowing that Gmail has a history id, and since when it has been behind."""
    pending = max(mailbox.pending, history_id)
    since = mailbox.unhandled_since or at
    return replace(mailbox, pending=pending, unhandled_since=since if pending > mailbox.cursor else None)


def claimed(mailbox: Mailbox, *, holder: str, history_id: int, at: datetime) -> Mailbox:
    """The mailbox with `holder` as its only worker; claims at an unmoved cursor are counted (poison, F29)."""
    until = at + LEASE
    return replace(
        announced(mailbox, history_id, at=at),
        fence=mailbox.fence + 1,
        holder=holder,
        lease_until=until,
        wake_at=until,
        attempts=mailbox.attempts + 1,
    )


def renewed(mailbox: Mailbox, *, at: datetime) -> Mailbox:
    """The lease once more in full, from the store's time `at`."""
    until = at + LEASE
    return replace(mailbox, lease_until=until, wake_at=until)


def advanced(mailbox: Mailbox, cursor: int) -> Mailbox:
    """The cursor moved forward, never back (I5); what lay behind it no longer counts as tried."""
    if cursor <= mailbox.cursor:
        return mailbox
    since = mailbox.unhandled_since if mailbox.pending > cursor else None
    return replace(mailbox, cursor=cursor, unhandled_since=since, attempts=0, suspect="")


def released(mailbox: Mailbox, *, at: datetime, wake_at: datetime | None = None) -> Mailbox:
    """Free again; it wakes by itself at the earliest of `wake_at`, its next parked work, and the sweep."""
    times = [at + SWEEP, *(t for t in (wake_at, mailbox.parked_due) if t)]
    return replace(
        mailbox,
        holder="",
        lease_until=at,
        wake_at=min(times),
        attempts=0,
        suspect="",
        reads_paused_until=None,
        pause_reason="",
        pauses=0,
    )


def paused(mailbox: Mailbox, *, at: datetime, until: datetime | None, reason: str) -> Mailbox:
    """Free, and no reads before `until`; durable, so that every worker keeps the wait that Gmail asked for (F18).

    Where Gmail named no time, each pause in a row is twice as long as the one before, up to 16 minutes, and the claim
    that ended so still counts as tried: one mail may be what always fails.
    """
    end = until if until and until > at else at + FIRST_PAUSE * 2 ** min(mailbox.pauses, LONGEST_PAUSE)
    return replace(
        mailbox,
        holder="",
        lease_until=None,
        reads_paused_until=end,
        pause_reason=reason,
        pauses=mailbox.pauses + 1,
        wake_at=end,
        attempts=0 if until else mailbox.attempts,
        suspect="",
    )


def condemned(mailbox: Mailbox, *, grant_version: int, trouble: Trouble) -> Mailbox:
    """In trouble, unless the grant that was refused has been replaced meanwhile (F21)."""
    if not mailbox.grant or mailbox.grant.version != grant_version:
        return mailbox
    return replace(mailbox, trouble=trouble, holder="", lease_until=None, wake_at=None, unhandled_since=None)
