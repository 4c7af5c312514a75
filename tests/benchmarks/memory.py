"""P9: memory while a 25 MB attachment comes in and goes out."""

import json
import random
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import accounts, tenants
from tests.benchmarks.extent import Extent
from tests.benchmarks.functions import Request, Served, push, served
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import contact_address, mail
from tests.benchmarks.rows import Row, of_rounds
from tests.benchmarks.tenants import Tenant
from tests.client.crm import Crm
from tests.client.wire import File, ok

SMALL, LARGE = 20_000, 26_214_400
MIB = 1024


def memory(ground: Ground, extent: Extent) -> list[Row]:
    """Peak of the function's process above what it held before, after small mails have warmed it."""
    email = "memory@agency.example"
    account = accounts.make(ground, email, [])
    tenant = tenants.connect(ground, account, tenants.location(ground))
    received = _received(ground, tenant, extent.rounds)
    accepted, delivered = _sent(ground, tenant, extent.rounds)
    what = "peak memory above baseline, 25 MB"
    return [
        of_rounds("P9", f"{what} received (process_history)", received, unit="MiB", target=8, stretch=2),
        of_rounds("P9", f"{what} accepted (send_email)", accepted, unit="MiB", target=8, stretch=2),
        of_rounds("P9", f"{what} sent (deliver_email)", delivered, unit="MiB", target=8, stretch=2),
    ]


def _received(ground: Ground, tenant: Tenant, rounds: int) -> list[float]:
    token, email, peaks = ground.push_token("process_history"), tenant.account.email, []
    with served(ground, "process_history", Request()) as function:
        for number, size in enumerate([SMALL, SMALL, *[LARGE] * rounds]):
            chance = random.Random(number)  # noqa: S311 - the same mail in every run
            made = mail(contact_address(1), email, f"memory-{number}", chance, attachment=size)
            newest = int(ground.gmail.deliver(email, made)["historyId"])
            content, name = {"emailAddress": email, "historyId": newest}, f"memory-{number}"
            peak = _peak(function, lambda content=content, name=name: push(function, token, content, name))  # type: ignore[misc]
            if size == LARGE:
                peaks.append(peak)
    return peaks


def _sent(ground: Ground, tenant: Tenant, rounds: int) -> tuple[list[float], list[float]]:
    accepted, delivered = [], []
    token = ground.push_token("deliver_email")
    with served(ground, "send_email", Request()) as taking, served(ground, "deliver_email", Request()) as giving:
        crm = Crm({"send_email": taking.url}, tenant.location, ground.session(tenants.USER, tenant.location))
        for number, size in enumerate([SMALL, SMALL, *[LARGE] * rounds]):
            kept: list[str] = []
            content = random.Random(number).randbytes(size)  # noqa: S311 - the same file in every run
            peak = _peak(taking, lambda content=content, kept=kept: kept.append(_accept(crm, content)))  # type: ignore[misc]
            entry = {"entry": kept[0]}
            later = _peak(giving, lambda entry=entry: push(giving, token, entry, uuid.uuid4().hex))  # type: ignore[misc]
            if size == LARGE:
                accepted.append(peak)
                delivered.append(later)
        sent = len(ground.gmail.sent(tenant.account.email))
        assert sent == rounds + 2, f"{sent} of {rounds + 2} mails were sent"
    return accepted, delivered


def _accept(crm: Crm, content: bytes) -> str:
    written = {"to": [{"address": contact_address(1)}], "subject": "A file", "text": "As promised."}
    file = File("large.bin", "application/octet-stream", content)
    return str(ok(crm.post_mail(uuid.uuid4().hex, json.loads(json.dumps(written)), [file]), "send_email")["id"])


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
