"""P3: mails a second while Gmail takes its time, and at Gmail's own quota."""

from datetime import datetime

from tests.benchmarks import accounts, processes, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.rows import Aim, Row, of_rounds, ratios

LATENCY_MS = 40
REAL_UNITS = 6_000
GETS_A_MINUTE = REAL_UNITS // 20
PERIODS = 2
"""How many times the quota of a minute is used up before the rate is taken."""


def throughput(ground: Ground, extent: Extent) -> list[Row]:
    """Mails a second of a warm process relative to the floor, ten connections, everything stored."""
    count, email = extent.mails, "throughput@agency.example"
    account = accounts.make(ground, email, mails(email, count, of_contacts=1.0, seed=3))
    warm = accounts.make(ground, "warm@agency.example", mails("warm@agency.example", 1, of_contacts=1.0, seed=30))
    product, floors, cpu = [], [], []
    ground.latency(LATENCY_MS)
    try:
        for _ in range(extent.rounds):
            floors.append(count / processes.floor(ground, account).wall_s)
            at = tenants.location(ground)
            first, tenant = (
                tenants.connect(ground, warm, tenants.location(ground)),
                tenants.connect(ground, account, at),
            )
            _, step = processes.work(ground, processes.last(first), processes.last(tenant)).steps
            assert step.counts["bodies"] == count, step
            product.append(count / step.wall_s)
            cpu.append(1000 * step.cpu_s / count)
    finally:
        ground.latency(0)
    what = f"messages/s at {LATENCY_MS} ms, N={count}, all stored"
    mark = {"target": 0.8, "stretch": 0.95, "aim": Aim.HIGH}
    rows = [
        of_rounds("P3", f"{what}, work only / floor", ratios(product, floors), unit="x", **mark),
        of_rounds("P3", f"{what}, work only", product, unit="1/s"),
        of_rounds("P3", f"{what}, floor", floors, unit="1/s"),
        of_rounds("P3", "CPU per message meanwhile", cpu, unit="ms"),
    ]
    return [*rows, *_at_real_quota(ground)] if extent.real_quota else rows


def _at_real_quota(ground: Ground) -> list[Row]:
    """Gets a minute over whole periods of the quota, from Gmail's own record of the calls."""
    email, needed = "quota@agency.example", PERIODS * GETS_A_MINUTE
    account = accounts.make(ground, email, mails(email, needed // 2 + 10, of_contacts=1.0, seed=31))
    tenant = tenants.connect(ground, account, tenants.location(ground))
    ground.gmail.quota(units_per_minute=REAL_UNITS)
    try:
        processes.work(ground, processes.last(tenant), GMAIL_UNITS_PER_MINUTE=str(REAL_UNITS))
    finally:
        ground.gmail.quota(units_per_minute=None)
    calls = ground.gmail.calls(email, "gmail.users.messages.get")
    answered = [datetime.fromisoformat(one["at"]) for one in calls if one["status"] == 200]
    rate = needed / (answered[needed] - answered[0]).total_seconds() * 60
    what, target = f"gets a minute at the real quota of {REAL_UNITS} units", 0.98 * GETS_A_MINUTE
    return [
        Row("P3", what, rate, "1/min", target, aim=Aim.HIGH),
        Row("P3", "gets that were refused meanwhile", len(calls) - len(answered), "gets", 0),
    ]
