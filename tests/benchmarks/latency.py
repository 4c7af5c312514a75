"""P8: from a push to a mail that the CRM can see."""

import random
import time
from itertools import count

from shared.domain import keys
from shared.domain.identifiers import GmailId, MailboxId, received_message_id
from tests.benchmarks import accounts, floor, tenants
from tests.benchmarks.accounts import Account
from tests.benchmarks.extent import Extent
from tests.benchmarks.functions import Request, Served, push, served
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import contact_address, mail, message_id
from tests.benchmarks.rows import Row, of_rounds, ratios
from tests.benchmarks.tenants import Tenant

LATENCY_MS = 40
PUSHES_A_ROUND = 5
FUNCTION = "process_history"
_NUMBERS = count(1)


def latency(ground: Ground, extent: Extent) -> list[Row]:
    """Visible is the time at which the store took the message; both run on this machine's clock."""
    email = "latency@agency.example"
    account = accounts.make(ground, email, [])
    tenant = tenants.connect(ground, account, tenants.location(ground))
    token = ground.push_token(FUNCTION)
    times: dict[int, list[tuple[float, float, float]]] = {0: [], LATENCY_MS: []}
    with served(ground, FUNCTION, Request()) as function:
        for _ in range(extent.warming):
            account, _warm = _one(ground, function, token, tenant, account)
        for _ in range(extent.rounds * PUSHES_A_ROUND):
            for milliseconds, seen in times.items():
                ground.latency(milliseconds)
                account, took = _one(ground, function, token, tenant, account)
                seen.append(took)
    ground.latency(0)
    slow, quick = times[LATENCY_MS], times[0]
    added = [1000 * (visible - calls) for visible, _, calls in quick]
    beside = ratios([one[0] for one in slow], [one[2] for one in slow])
    what = "push to visible"
    return [
        of_rounds(
            "P8", f"{what} at {LATENCY_MS} ms / floor's calls in sequence", beside, unit="x", target=1.2, stretch=1.1
        ),
        of_rounds("P8", f"{what}, added to the floor's calls at 0 ms", added, unit="ms", target=20, stretch=10),
        of_rounds("P8", f"{what} at {LATENCY_MS} ms", [1000 * one[0] for one in slow], unit="ms"),
        of_rounds("P8", f"push to acknowledged at {LATENCY_MS} ms", [1000 * one[1] for one in slow], unit="ms"),
        of_rounds("P8", f"floor's calls in sequence at {LATENCY_MS} ms", [1000 * one[2] for one in slow], unit="ms"),
    ]


def _one(
    ground: Ground, function: Served, token: str, tenant: Tenant, account: Account
) -> tuple[Account, tuple[float, float, float]]:
    """One new mail: seconds until it was visible, until its push was acknowledged, and of the floor's calls."""
    name = f"latency-{next(_NUMBERS)}"
    chance = random.Random(name)  # noqa: S311 - the same mail in every run
    account = accounts.more(ground, account, [mail(contact_address(1), account.email, name, chance)])
    began = time.time()
    push(function, token, {"emailAddress": account.email, "historyId": account.newest}, name)
    acknowledged = time.time() - began
    document = received_message_id(message_id(name), GmailId(""), MailboxId(""))
    snapshot = ground.client.document(keys.message(tenant.location, document).path).get()
    return account, (snapshot.create_time.timestamp() - began, acknowledged, _floor(ground, account))


def _floor(ground: Ground, account: Account) -> float:
    client = floor.Client("127.0.0.1", ground.plan.ports["gmail"], account.access_token)
    client.get("profile")
    began = time.perf_counter()
    floor.read(client, floor.added(client, account.before), None)
    return time.perf_counter() - began
