"""P10: whether a mail costs more where there are many contacts and much mail."""

from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.processes import Step, last, work
from tests.benchmarks.rows import Row, of_rounds, ratios

MAILS = 50


def scale(ground: Ground, extent: Extent) -> list[Row]:
    """The same mails into a small and a large location, one after the other."""
    (few, many), (little, much) = extent.contacts, extent.messages
    small, large = tenants.location(ground, contacts=few), tenants.location(ground, contacts=many)
    tenants.grow(ground, small, little, contacts=few)
    tenants.grow(ground, large, much, contacts=many)
    taken: dict[str, list[Step]] = {small: [], large: []}
    calls: dict[str, list[float]] = {small: [], large: []}
    for round_ in range(extent.rounds + 1):
        email = f"scale-{round_}@agency.example"
        account = accounts.make(ground, email, mails(email, MAILS, of_contacts=1.0, seed=100 + round_, contacts=few))
        for at in (small, large) if round_ % 2 else (large, small):
            tenant = tenants.connect(ground, account, at)
            ground.gmail.forget_usage()
            (step,) = work(ground, last(tenant)).steps
            assert step.counts["bodies"] == MAILS, step
            if round_:  # the first warms the emulator
                taken[at].append(step)
                calls[at].append(sum(one["calls"] for one in ground.gmail.usage(email).values()))
    what = f"{few} to {many} contacts, {little} to {much} messages"
    walls = ratios([one.wall_s for one in taken[large]], [one.wall_s for one in taken[small]])
    cpus = ratios([one.cpu_s for one in taken[large]], [one.cpu_s for one in taken[small]])
    return [
        of_rounds("P10", f"Gmail calls, {what}", ratios(calls[large], calls[small]), unit="x", target=1),
        of_rounds("P10", f"reads, {what}", _growth(taken, small, large, "reads"), unit="x", target=1),
        of_rounds("P10", f"writes, {what}", _growth(taken, small, large, "writes"), unit="x", target=1),
        of_rounds("P10", f"wall time, {what}", walls, unit="x", target=1.2),
        of_rounds("P10", f"CPU time, {what}", cpus, unit="x"),
    ]


def _growth(taken: dict[str, list[Step]], small: str, large: str, what: str) -> list[float]:
    return ratios([getattr(one, what) for one in taken[large]], [getattr(one, what) for one in taken[small]])
