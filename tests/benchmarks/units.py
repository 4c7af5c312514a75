"""P4: what a mail costs of Gmail's quota."""

from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.processes import last, work
from tests.benchmarks.rows import Row
from tests.benchmarks.tenants import Tenant

GET = "gmail.users.messages.get"


def units(ground: Ground, extent: Extent) -> list[Row]:
    """Units of a mail that is left out, of one that is stored; gets for mails that are known or decided already."""
    at = tenants.location(ground)
    rows = []
    for what, share, target in (("left-out", 0.0, 20.1), ("stored", 1.0, 40.1)):
        email = f"units-{what}@agency.example"
        account = accounts.make(ground, email, mails(email, extent.mails, of_contacts=share, seed=4 + int(share)))
        tenant = tenants.connect(ground, account, at)
        spent, _ = _spent(ground, tenant)
        rows.append(
            Row("P4", f"Gmail units per {what} message, N={extent.mails}", spent / extent.mails, "units", target)
        )
        tenants.rewind(ground, tenant)
        _, gets = _spent(ground, tenant)
        rows.append(Row("P4", f"gets when the same {extent.mails} {what} messages come again", gets, "gets", 0))
    return rows


def _spent(ground: Ground, tenant: Tenant) -> tuple[int, int]:
    ground.gmail.forget_usage()
    work(ground, last(tenant))
    usage = ground.gmail.usage(tenant.account.email)
    return sum(one["units"] for one in usage.values()), usage.get(GET, {}).get("calls", 0)
