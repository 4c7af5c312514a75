"""P5: what a mail costs in Firestore."""

from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import mails
from tests.benchmarks.processes import Pushes, last, work
from tests.benchmarks.rows import Row

FURTHER_ADDRESSES = NEW_THREADS = 1
"""Each mail of the workload names the mailbox beside its sender, and is a thread of its own."""


def documents(ground: Ground, extent: Extent) -> list[Row]:
    """Reads and writes of a stored mail and of a push that finds nothing, and queries on the way.

    Every commit of a sync writes the mailbox, once.
    """
    count, email = extent.mails, "documents@agency.example"
    account = accounts.make(ground, email, mails(email, count, of_contacts=1.0, seed=5))
    tenant = tenants.connect(ground, account, tenants.location(ground))
    stored, first, nothing = work(ground, last(tenant), last(tenant), Pushes(tenant, account.newest + 1_000_000)).steps
    assert stored.counts["bodies"] == count, stored
    assert nothing.endings == {"nothing to handle": 1}, nothing
    own = stored.writes - stored.commits
    reads, writes = 3 + FURTHER_ADDRESSES + NEW_THREADS, 3 + NEW_THREADS
    return [
        Row("P5", f"reads per stored message, N={count}", stored.reads / count, "documents", reads, reads - 1),
        Row(
            "P5",
            f"writes per stored message, N={count}, but for the mailbox's own",
            own / count,
            "documents",
            writes,
            writes - 1,
        ),
        Row("P5", "writes of the mailbox: claim, one a chunk, release", stored.commits, "documents"),
        Row("P5", "reads of a push that is behind the cursor", first.reads, "documents", 1),
        Row("P5", "reads of a push that finds nothing to handle", nothing.reads, "documents", 1),
        Row("P5", "writes of a push that finds nothing to handle", nothing.writes, "documents", 1),
        Row("P5", "queries on the way of a notification", stored.queries + nothing.queries, "queries", 0),
        Row("P5", f"store calls per {count} stored messages", stored.read_calls + stored.commits, "calls"),
    ]
