"""P9: memory while a 25 MB attachment comes in and goes out."""

import random
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from shared.domain import keys
from shared.domain.identifiers import GmailId, MailboxId, received_message_id
from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.functions import Request, Served, push, served
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import contact_address, mail, message_id
from tests.benchmarks.rows import Row, of_rounds
from tests.benchmarks.tenants import Tenant
from tests.client.crm import Crm
from tests.client.wire import File, ok

SMALL = 20_000
WARMING = 2
MIB = 1024
"""In KiB, which is what the system counts in."""


def memory(ground: Ground, extent: Extent) -> list[Row]:
    """Peak of the function's process above what it held before, after small mails have warmed it."""
    email = "memory@agency.example"
    account = accounts.make(ground, email, [])
    tenant = tenants.connect(ground, account, tenants.location(ground))
    received = list(_received(ground, tenant, extent))
    sent = list(_sent(ground, tenant, extent))
    what = f"peak memory above baseline, {extent.attachment / MIB**2:.0f} MB"
    mark = {"unit": "MiB", "target": 8, "stretch": 2}
    return [
        of_rounds("P9", f"{what} received (process_history)", received, **mark),
        of_rounds("P9", f"{what} accepted (send_email)", [accepted for accepted, _ in sent], **mark),
        of_rounds("P9", f"{what} sent (deliver_email)", [delivered for _, delivered in sent], **mark),
    ]


def _sizes(extent: Extent) -> Iterator[tuple[int, int]]:
    return enumerate([*[SMALL] * WARMING, *[extent.attachment] * extent.rounds])


def _received(ground: Ground, tenant: Tenant, extent: Extent) -> Iterator[float]:
    token, email = ground.push_token("process_history"), tenant.account.email
    with served(ground, "process_history", Request()) as function:
        for number, size in _sizes(extent):
            name = f"memory-{number}"
            made = mail(contact_address(1), email, name, random.Random(name), attachment=size)  # noqa: S311
            newest = int(ground.gmail.deliver(email, made)["historyId"])
            content = {"emailAddress": email, "historyId": newest}
            peak = _peak(function, partial(push, function, token, content, name))
            key = keys.message(tenant.location, received_message_id(message_id(name), GmailId(""), MailboxId("")))
            message = ground.store.read(key).value(key)
            assert message, name
            assert [(one.state, one.size) for one in message.attachments] == [("ready", size)], message.attachments
            if size == extent.attachment:
                yield peak


def _sent(ground: Ground, tenant: Tenant, extent: Extent) -> Iterator[tuple[float, float]]:
    token = ground.push_token("deliver_email")
    with served(ground, "send_email", Request()) as taking, served(ground, "deliver_email", Request()) as giving:
        crm = Crm({"send_email": taking.url}, tenant.location, ground.session(tenants.USER, tenant.location))
        for number, size in _sizes(extent):
            key, file = uuid.uuid4().hex, random.Random(number).randbytes(size)  # noqa: S311
            accepted = _peak(taking, partial(_accept, crm, key, file))
            entry = {"entry": _accept(crm, key, file)}
            delivered = _peak(giving, partial(push, giving, token, entry, key))
            sent = len(ground.gmail.sent(tenant.account.email))
            assert sent == number + 1, f"{sent} of {number + 1} mails were sent"
            if size == extent.attachment:
                yield accepted, delivered


def _accept(crm: Crm, key: str, content: bytes) -> str:
    """The id of the entry; the same for the same key, however often it is posted."""
    written = {"to": [{"address": contact_address(1)}], "subject": "A file", "text": "As promised."}
    file = File("large.bin", "application/octet-stream", content)
    return str(ok(crm.post_mail(key, written, [file]), "send_email")["id"])


def _peak(function: Served, act: Callable[[], object]) -> float:
    """MiB that the process held at most while it acted, beyond what it held before."""
    process = Path(f"/proc/{function.worker}")
    (process / "clear_refs").write_text("5")
    before = _kibibytes(process, "VmHWM")
    act()
    return (_kibibytes(process, "VmHWM") - before) / MIB


def _kibibytes(process: Path, field: str) -> int:
    lines = (process / "status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field)))
