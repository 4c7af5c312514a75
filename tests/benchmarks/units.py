"""P4: what a mail costs of Gmail's quota."""

from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.processes import last, work
from tests.benchmarks.rows import Row
from tests.benchmarks.tenants import Tenant

GET = "gmail.users.messages.get"
CHUNK = 50
"""Mails of one commit: more are not done again after a worker died, because each commit moves the cursor too."""


def units(ground: Ground, extent: Extent) -> list[Row]:
    """Units of a mail that is left out, of one that is stored; gets for mails that are known or decided already."""
    left_out, _ = _twice(ground, "left-out", extent.mails)
    stored, again = _twice(ground, "stored", extent.mails)
    _, decided = _twice(ground, "left-out", CHUNK)
    return [
        Row("P4", f"units per left-out message, N={extent.mails}", left_out / extent.mails, "units", 20.1),
        Row("P4", f"units per stored message, N={extent.mails}", stored / extent.mails, "units", 40.1),
        Row("P4", f"gets when {extent.mails} stored messages come again", again, "gets", 0),
        Row("P4", "gets when a chunk that was left out comes again after a crash", decided, "gets", 0),
    ]


def _twice(ground: Ground, what: str, count: int) -> tuple[int, int]:
    """The units of the first time, and the gets of the second."""
    share, email = float(what == "stored"), f"units-{what}-{count}@agency.example"
    account = accounts.make(ground, email, mails(email, count, of_contacts=share, seed=count + int(share)))
    tenant = tenants.connect(ground, account, tenants.location(ground))
    spent, _ = _spent(ground, tenant)
    tenants.rewind(ground, tenant)
    _, gets = _spent(ground, tenant)
    return spent, gets


def _spent(ground: Ground, tenant: Tenant) -> tuple[int, int]:
    ground.gmail.forget_usage()
    work(ground, last(tenant))
    usage = ground.gmail.usage(tenant.account.email)
    return sum(one["units"] for one in usage.values()), usage.get(GET, {}).get("calls", 0)
