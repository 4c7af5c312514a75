"""What a real worker holds at most: the function's own process, with the Gmail simulator and the Firestore emulator."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from shared.domain import keys
from shared.domain.mailbox import Mailbox
from tests.benchmarks import accounts, tenants
from tests.benchmarks.functions import Request, envelope, served
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.mails import mails
from tests.benchmarks.tenants import Tenant
from tests.client.wire import call

MOST_MIB = 512
"""What `infra/functions.json` gives the function."""
OF_CONTACTS = 0.2
PUSHES = 100


def peak(many: int) -> float:
    """MiB that the process held at most, its code and all, while it brought a mailbox with so many mails up to date."""
    with ground() as around:
        email = "many@agency.example"
        account = accounts.make(around, email, mails(email, many, of_contacts=OF_CONTACTS))
        tenant = tenants.connect(around, account, tenants.location(around))
        with served(around, "process_history", Request()) as function:
            token, content = around.push_token("process_history"), {"emailAddress": email, "historyId": account.newest}
            for number in _until_done(around, tenant):
                body = envelope(content, f"push-{number}")
                answer = call(
                    "POST", function.url, token=token, body=body, headers={"Content-Type": "application/json"}
                )
                assert answer.status == 204, (
                    f"{answer.status}: {around.plan.log('process_history').read_text()[-1000:]}"
                )
            return _highest(function.worker) / 1024


def _until_done(around: Ground, tenant: Tenant) -> Iterator[int]:
    """The numbers of the pushes that it takes."""
    for number in count():
        mailbox = _mailbox(around, tenant)
        if mailbox.cursor >= tenant.account.newest:
            settled = mailbox.tally.stored + mailbox.tally.left_out
            assert settled == len(tenant.account.ids), f"{settled} of {len(tenant.account.ids)} mails are settled"
            return
        assert number < PUSHES, f"the worker never gets there: {mailbox.pause_reason}"
        yield number


def _mailbox(around: Ground, tenant: Tenant) -> Mailbox:
    key = keys.mailbox(tenant.mailbox)
    found = around.store.read(key).value(key)
    assert found
    return found


def _highest(process: int) -> int:
    """KiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
