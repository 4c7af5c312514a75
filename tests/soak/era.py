"""One era: a fresh town that lives through so many mails, comes to rest now and then, and is compared with the book."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from tests.soak import checks
from tests.soak.life import Life
from tests.soak.town import Town

DAYS = 9
"""Simulated, an era: longer than a watch lasts."""
MAILBOXES = 14
MOST_SHOWN = 20
REST_AFTER = 5_000
"""Mails between two comparisons."""
EACH_ACT = 1.7
"""Mails that an act brings on average."""


@dataclass
class Told:
    """What an era had to tell; `simulated` in days."""

    seed: int
    tally: Counter[str]
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    simulated: float = 0.0


def live(seed: int, messages: int, *, mailboxes: int = MAILBOXES, days: float = DAYS) -> Told:
    """The era of that seed; it ends at the first comparison that finds something."""
    begun = time.perf_counter()
    town = Town(seed, mailboxes=mailboxes)
    life = Life(town)
    life.begin()
    start = town.clock.now()
    pace = timedelta(days=days) / max(1.0, messages / EACH_ACT)
    found: list[str] = []
    while town.book.tally["messages"] < messages and not found:
        until = min(messages, town.book.tally["messages"] + REST_AFTER)
        while town.book.tally["messages"] < until:
            town.run_until(town.clock.now() + pace * town.draw.expovariate(1))
            life.act()
        found = _compared(town, life)
    tally = checks.tallied(town) + Counter({"mailboxes": mailboxes})
    simulated = (town.clock.now() - start) / timedelta(days=1)
    return Told(seed, tally, found[:MOST_SHOWN], time.perf_counter() - begun, simulated)


def _compared(town: Town, life: Life) -> list[str]:
    for email in sorted(town.lost):
        life.people.grant_is_given(email)
    found = [*town.violations, *checks.come_to_rest(town)]
    found += town.violations[len(found) :]
    found = found or list(checks.violations(town))
    town.book.settled()
    return found
