"""Mail through the provider's real SMTP server: whatever breaks at which recipient, nobody gets it twice (F60, F61)."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from shared.domain.identifiers import MessageId, UserId
from shared.domain.message import Status
from shared.domain.outbox import EntryState
from shared.errors import Rejected, Transient
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.delivery import Delivery
from shared.usecases.reconcile import reconcile
from shared.usecases.retry_send import Retrying, retry_send
from tests.contract.mail_servers import SinkServer, sink_server
from tests.fakes.sealer import FakeSealer
from tests.faults.strikes import Died, Fate, Mode, StruckProvider, struck
from tests.sandbox.provider_faults import ProviderFault
from tests.unit.inbound import HERE
from tests.unit.provided import BEN, CRM, Provided

SECOND: Final = "c1@customer.example"
FAULTS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "well": (),
    "end-lost": ({"at": "end", "drop": "after", "times": 1},),
    "end-lost-second": ({"at": "end", "drop": "after", "recipient": SECOND, "times": 1},),
    "end-cut": ({"at": "end", "drop": "before", "times": 1},),
    "end-451": ({"at": "end", "status": 451, "times": 1},),
    "end-554": ({"at": "end", "status": 554, "times": 1},),
    "end-421": ({"at": "end", "status": 421, "times": 1},),
    "rcpt-450": ({"at": "rcpt", "status": 450, "recipient": SECOND, "times": 2},),
    "rcpt-550": ({"at": "rcpt", "status": 550, "recipient": SECOND, "times": 1},),
    "rcpt-cut": ({"at": "rcpt", "drop": "before", "recipient": SECOND, "times": 1},),
    "mail-451": ({"at": "mail", "status": 451, "times": 1},),
    "mail-cut": ({"at": "mail", "drop": "before", "times": 4},),
    "all-lost": ({"at": "end", "drop": "after", "times": 9},),
}
KINDS: Final = ("bulk", "workflow", "individual")
DENSE: Final = ("bulk", "end-lost-second")
"""At which every operation is struck in every mode; elsewhere every other one in one mode, which take turns."""
REDELIVERIES: Final = 3
BEYOND: Final = timedelta(seconds=241)
"""After which another worker may take up what one had claimed."""
ENDED: Final = {Status.SENT, Status.FAILED, Status.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mail to some people: `most` is how often the one got it who got it most often."""

    id: str
    most: int
    states: tuple[str, ...]
    operations: int
    wrong: tuple[str, ...]


def run_kind(kind: str) -> list[Verdict]:
    """The whole matrix of one kind of mail."""
    faults = FAULTS if kind != "individual" else {name: FAULTS[name] for name in ("well", "end-lost", "end-451")}
    with _sink() as server:
        clean = {fault: play(server, f"smtp:{kind}:{fault}:1:none") for fault in faults}
        found = [*clean.values(), *(play(server, f"smtp:{kind}:{fault}:2:none") for fault in faults)]
        for fault, one in clean.items():
            found += [play(server, name) for name in _struck(kind, fault, one.operations)]
    return found


def _struck(kind: str, fault: str, operations: int) -> Iterator[str]:
    dense = (kind, fault) == DENSE
    for at in range(0 if dense else len(fault) % 2, operations, 1 if dense else 2):
        for mode in Mode if dense else [list(Mode)[(at // 2 + len(kind) + len(fault)) % len(Mode)]]:
            yield f"smtp:{kind}:{fault}:{(at + len(mode)) % REDELIVERIES}:{at}.{mode.name.lower()}"


def run_some(names: Sequence[str]) -> list[Verdict]:
    """Those of the given ids."""
    with _sink() as server:
        return [play(server, name) for name in names]


@contextmanager
def _sink() -> Iterator[SinkServer]:
    # The server's library logs a warning of its own at every sign-in.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder, sink_server(Path(folder)) as server:
        yield server


def play(server: SinkServer, name: str) -> Verdict:
    """One run: `smtp:<kind>:<fault>:<redeliveries>:<operation>.<mode>`."""
    _, kind, fault, again, struck_at = name.split(":")
    server.sink.taken.clear()
    server.sink.faults[:] = [ProviderFault(**one) for one in FAULTS[fault]]
    run = _Run(server, kind)
    at, _, mode = struck_at.partition(".")
    if mode:
        run.fate.chosen[int(at)] = Mode[mode.upper()]
    try:
        return run.verdict(name, int(again))
    finally:
        server.hang_up_all()


class _Run(Provided):
    def __init__(self, server: SinkServer, kind: str) -> None:
        super().__init__()
        self._server, self._kind, self._user = server, kind, UserId(BEN if kind == "individual" else CRM)
        self.default = server.provider
        self.fate = Fate(others=self._meanwhile, counting=False)
        fake = self.delivery
        self.first = Delivery(
            struck(self.store, "store", self.fate),
            struck(self.topics, "topics", self.fate),
            struck(self.blobs, "blobs", self.fate),
            fake.gmail,
            FakeSealer(),
            self.patience,
            StruckProvider(server.providers, self.fate),
            server.provider,
        )
        self.delivery = Delivery(
            self.store,
            self.topics,
            self.blobs,
            fake.gmail,
            FakeSealer(),
            self.patience,
            server.providers,
            server.provider,
        )

    def verdict(self, name: str, again: int) -> Verdict:
        self._name = self._sent_off()
        self.topics.delivered.clear()
        self.fate.counting = True
        with suppress(Died, Transient):
            deliver_entry(self._name, self.first)
        self.fate.counting = False
        for _ in range(again):
            self._come_again()
        self._rest()
        states = {row.address: row.status for row in self.rows(self._name)}
        wrong = self._wrong(states)
        self._server.sink.faults.clear()
        for _ in states:
            self._user_settles()
            self._rest()
        most = max(self._got().values(), default=0)
        if most > 1:
            wrong.append(f"{most} copies")
        if left := {str(row.status) for row in self.rows(self._name)} - {"sent"}:
            wrong.append(f"never settled: {left}")
        return Verdict(name, most, tuple(map(str, states.values())), len(self.fate.names), tuple(wrong))

    def _sent_off(self) -> MessageId:
        to = self.people(3)
        if self._kind == "bulk":
            return self.bulk(to)
        if self._kind == "workflow":
            return self.accept({"kind": "workflow", "to": to}, key="flow", user=CRM, service=True).id
        return self.accept({"to": to[:1], "cc": to[1:]}, key="one", user=BEN).id

    def _meanwhile(self) -> None:
        self.fate.counting = False
        self._come_again()
        self.clock.time += BEYOND
        self._come_again()
        self.fate.counting = True

    def _come_again(self) -> None:
        with suppress(Transient):
            self.deliver(self._name)

    def _rest(self) -> None:
        """The timer, until nothing more happens by itself."""
        for _ in range(300):
            reconcile(self.store, self.topics, self.clock)
            while self.topics.delivered:
                self.topics.delivered.pop(0)
                self._come_again()
            due = self.entry(self._name).settle_at
            if due is None:
                return
            self.clock.time = max(self.clock.time + timedelta(seconds=20), due)
        raise AssertionError("it never comes to rest")

    def _user_settles(self) -> None:
        """The first who is doubtful is looked up at the provider, or who failed is sent to again."""
        got = self._got()
        for row in self.rows(self._name):
            was_sent = bool(got[row.address]) if row.status is Status.UNKNOWN else None
            if row.status in {Status.UNKNOWN, Status.FAILED} and row.message:
                asked = Retrying(HERE, self._user, row.message, was_sent)
                with suppress(Rejected):
                    retry_send(asked, store=self.store, topics=self.topics, patience=self.patience)
                return

    def _got(self) -> Counter[str]:
        return Counter(one for taken in self._server.taken() for one in taken.rcpt_to)

    def _wrong(self, states: dict[Any, Status]) -> list[str]:
        got = self._got()
        found = [f"{one} is {state}, and got {got[one]}" for one, state in states.items() if _lies(state, got[one])]
        if self.entry(self._name).state not in {EntryState.SENT, EntryState.FAILED, EntryState.UNKNOWN}:
            found.append("never ends")
        return found


def _lies(state: Status, got: int) -> bool:
    return got > 1 or state not in ENDED or ((state is Status.SENT) != (got == 1) and state is not Status.UNKNOWN)


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each kind and fault."""
    rows: dict[str, Counter[str]] = {}
    for one in verdicts:
        _, kind, fault, *_ = one.id.split(":")
        row = rows.setdefault(f"{kind}, {fault}", Counter())
        row.update(one.states)
        row.update({"runs": 1, "twice": int(one.most > 1)})
    head = f"{'at the provider':34} {'runs':>6} {'sent':>6} {'failed':>6} {'unknown':>7} {'twice':>6}   (recipients)"
    lines = [
        f"{name:34} {r['runs']:6} {r['sent']:6} {r['failed']:6} {r['unknown']:7} {r['twice']:6}"
        for name, r in rows.items()
    ]
    return ["", head, *lines] if lines else []
