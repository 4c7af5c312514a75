"""P1: processor time of a mail, from the start of the process to its end."""

from tests.benchmarks import accounts, processes, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.rows import Row, of_rounds, ratios


def cpu(ground: Ground, extent: Extent) -> list[Row]:
    """CPU per mail of the product relative to the floor's, everything stored, Gmail answering at once."""
    count, email = extent.mails, "cpu@agency.example"
    account = accounts.make(ground, email, mails(email, count, of_contacts=1.0, seed=1))
    whole, working, floors = [], [], []
    for _ in range(extent.rounds):
        floors.append(processes.floor(ground, account).cpu_s)
        tenant = tenants.connect(ground, account, tenants.location(ground))
        worked = processes.work(ground, processes.last(tenant))
        assert worked.steps[0].counts["bodies"] == count, worked
        whole.append(worked.cpu_s)
        working.append(worked.steps[0].cpu_s)
    what = f"CPU per message, N={count}, all stored"
    return [
        of_rounds("P1", f"{what}, whole process / floor", ratios(whole, floors), unit="x", target=8, stretch=5),
        of_rounds("P1", f"{what}, work only / floor's whole process", ratios(working, floors), unit="x"),
        of_rounds("P1", f"{what}, whole process", [1000 * one / count for one in whole], unit="ms"),
        of_rounds("P1", f"{what}, work only", [1000 * one / count for one in working], unit="ms"),
        of_rounds("P1", f"{what}, floor's whole process", [1000 * one / count for one in floors], unit="ms"),
    ]
