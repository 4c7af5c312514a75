"""What a burst had to show: everything that was promised, and whether it was kept."""

from collections import Counter
from dataclasses import dataclass
from statistics import quantiles

from tests.burst.scene import BURST, WARMING, Scene, floor_minutes

ONE_CALL = 20.04
"""Units: one call for a mail, and its part of the history. 10,000 mails take 33.4 min so, by which the target goes."""
SLACK, SOON = 1.3, 5.0


@dataclass(frozen=True)
class Waits:
    """Seconds: the middle one, the one that 95 of 100 do not exceed, and the longest."""

    count: int
    median: float
    p95: float
    longest: float

    @classmethod
    def of(cls, waits: list[float]) -> "Waits":
        if len(waits) < 2:
            return cls(len(waits), *(3 * [max(waits, default=0.0)]))
        cuts = quantiles(waits, n=100, method="inclusive")
        return cls(len(waits), cuts[49], cuts[94], max(waits))

    def __str__(self) -> str:
        return f"p50 {self.median:.2f} s, p95 {self.p95:.2f} s, longest {self.longest:.1f} s ({self.count:,} mails)"


@dataclass(frozen=True)
class Burst:
    """The figures, times in minutes where not said otherwise."""

    mails: int
    stored: int
    lost: int
    doubled: int
    strangers_read: int
    minutes: float
    floor: float
    narrow: float
    """At one call a mail, whatever becomes of it."""
    highest: int
    refused: int
    quota: int
    pushed: Waits
    arrived: Waits
    longest: float
    timeout: float
    at_once: int
    most_at_once: int
    invocations: int
    overdue: int
    turned_away: int
    unfinished: int

    def problems(self, *, own_floor: bool = False, slack: float = SLACK, soon: float = SOON) -> list[str]:
        """What was promised and not kept; by the burst's `own_floor` where more belongs than the target counts on."""
        floor = self.floor if own_floor else self.narrow
        kept = {
            f"{self.lost} mails lost": self.lost == 0,
            f"{self.doubled} mails doubled": self.doubled == 0,
            f"{self.strangers_read} bodies of strangers' mail read": self.strangers_read == 0,
            f"{self.unfinished} mailboxes not up to date": self.unfinished == 0,
            f"the burst took {self.minutes:.1f} min, more than {slack} x {floor:.1f}": self.minutes <= slack * floor,
            f"{self.highest} units in a minute": self.highest <= self.quota,
            f"{self.refused} calls over the quota": self.refused == 0,
            f"the others waited for {self.pushed.p95:.1f} s (p95)": self.pushed.p95 <= soon,
            f"an invocation took {self.longest:.0f} s": self.longest <= self.timeout,
            f"{self.overdue} pushes were not answered in time": self.overdue == 0,
        }
        return [said for said, holds in kept.items() if not holds]


def figures(scene: Scene) -> Burst:
    """After the play."""
    mails = list(scene.mails.values())
    others = [mail for mail in mails if mail.mailbox != BURST and mail.stored_at]
    asked = {
        (email, what) for email, one in scene.accounts.items() for name, what in one.asked if name in {"full", "raw"}
    }
    ended = Counter(len(mail.stored_at) - mail.eligible for mail in mails)
    return Burst(
        mails=len(mails),
        stored=sum(bool(mail.stored_at) for mail in mails),
        lost=ended[-1],
        doubled=sum(count for more, count in ended.items() if more > 0),
        strangers_read=sum((mail.mailbox, mail.gmail_id) in asked for mail in mails if not mail.eligible),
        minutes=(scene.caught_up.get(BURST, scene.time.seconds) - WARMING) / 60,
        floor=floor_minutes(scene.plan),
        narrow=scene.plan.burst * ONE_CALL / scene.plan.units,
        highest=max(quota.highest for quota in scene.quotas.values()),
        refused=sum(quota.refused for quota in scene.quotas.values()),
        quota=scene.plan.units,
        pushed=Waits.of([one.stored_at[0] - one.pushed_at for one in others if one.pushed_at is not None]),
        arrived=Waits.of([one.stored_at[0] - one.arrived_at for one in others]),
        longest=scene.queue.longest,
        timeout=scene.function.timeout,
        at_once=scene.function.at_once,
        most_at_once=int(scene.queue.most_running),
        invocations=scene.queue.invocations,
        overdue=scene.queue.overdue,
        turned_away=scene.queue.turned_away,
        unfinished=len(scene.accounts) - len(scene.caught_up),
    )


def lines(burst: Burst) -> list[str]:
    """For people."""
    own, narrow = burst.minutes / burst.floor, burst.minutes / burst.narrow
    rows = {
        "mails": f"{burst.mails:,}, {burst.stored:,} stored, {burst.lost} lost, {burst.doubled} doubled",
        "bodies of strangers' mail asked for": burst.strangers_read,
        "the burst was done in": f"{burst.minutes:.1f} min = {own:.2f} x its own floor of {burst.floor:.1f} min "
        f"= {narrow:.2f} x {burst.narrow:.1f} min (one call a mail)",
        "units in any minute, at most": f"{burst.highest:,} of {burst.quota:,}; refused by Gmail: {burst.refused}",
        "the others, from push to stored": burst.pushed,
        "the others, from arrival to stored": burst.arrived,
        "longest invocation": f"{burst.longest:.0f} s of {burst.timeout:.0f} s",
        "invocations": f"{burst.invocations:,}; at once at most {burst.most_at_once} of {burst.at_once}; "
        f"turned away: {burst.turned_away}",
    }
    return [f"{name}: {value}" for name, value in rows.items()]
