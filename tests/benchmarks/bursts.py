"""P11: a hundred pushes that carry one new mail."""

from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.processes import Pushes, work
from tests.benchmarks.rows import Row

THREADS = 8
"""Pushes that one instance of `process_history` takes at the same time."""


def bursts(ground: Ground, extent: Extent) -> list[Row]:
    """Gets, stored messages and history calls of all the pushes together."""
    email = "bursts@agency.example"
    account = accounts.make(ground, email, mails(email, 1, of_contacts=1.0, seed=11))
    tenant = tenants.connect(ground, account, tenants.location(ground))
    ground.gmail.forget_usage()
    (step,) = work(ground, Pushes(tenant, account.newest, extent.pushes, THREADS)).steps
    usage = ground.gmail.usage(email)
    formats = usage["gmail.users.messages.get"]["formats"]
    listed = usage["gmail.users.history.list"]["calls"] / extent.pushes
    what = f"for {extent.pushes} pushes, {THREADS} at once"
    return [
        Row("P11", f"metadata gets {what}", formats.get("metadata", 0), "gets", 1),
        Row("P11", f"full gets {what}", formats.get("full", 0), "gets", 1),
        Row("P11", f"messages stored {what}", step.counts.get("bodies", 0), "messages", 1),
        Row("P11", f"history.list calls per push {what}", listed, "calls", 1),
    ]
