"""The real Gmail adapter and the real simulator behind it over HTTP, shared by many runs; each has its own account."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from shared.adapters.gmail.access import GoogleClient, GoogleMailboxes
from shared.adapters.gmail.transport import Deadlines
from tests.fakes.sealer import FakeSealer
from tests.faults.sends.outcomes import ASK, SEND, Marker, Rule, Session
from tests.sandbox.gmail_simulator.accounts import Account, Alias
from tests.sandbox.gmail_simulator.behaviour import Behaviour
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.faults import read_fault
from tests.sandbox.gmail_simulator.grants import Grant, GrantEnd
from tests.sandbox.gmail_simulator.sending import deliver
from tests.sandbox.gmail_simulator.world import World
from tests.simulator.running import SCOPES, Running, start

T = TypeVar("T")
PATIENT = Deadlines(upload=5.0, question=5.0, read=5.0, repeats=(0.0, 0.0, 0.0))
HASTY = Deadlines(upload=0.06, question=0.06, read=5.0, repeats=(0.0, 0.0, 0.0))
"""Seconds; of the worker that a call stalls on, so that nobody waits for it in earnest."""


class Followed(Clock):
    """The simulator's time is that of the run."""

    def __init__(self) -> None:
        super().__init__()
        self.time: Callable[[], datetime] = lambda: datetime(2026, 3, 2, 9, tzinfo=UTC)

    def moment(self) -> datetime:
        """The run's time."""
        return self.time()

    def now(self) -> float:
        return self.time().timestamp()

    def now_ms(self) -> int:
        return int(self.time().timestamp() * 1000)


@dataclass
class At:
    """One run's account. `left` are the subjects of what went out of it to strangers, in order: the truth."""

    account: Account
    refresh_token: str
    left: list[str] = field(default_factory=list)

    @property
    def email(self) -> str:
        return self.account.email


class Ground:
    """Google's adapter for the worker that is struck and for whoever comes after it, in processes of their own."""

    def __init__(self) -> None:
        self.clock = Followed()
        self.gmail: Running
        self.gmail, self._end = start(clock=self.clock)
        self.world: World = self.gmail.simulator.world
        self.world.outside = self._left
        self.world.quota.limits.concurrent = None
        client = GoogleClient("sandbox-client", "sandbox-secret", f"{self.gmail.url}/token", f"{self.gmail.url}/")
        self._adapters = {
            one: (
                GoogleMailboxes(client, FakeSealer(), self.clock.moment, one),
                GoogleMailboxes(client, FakeSealer(), self.clock.moment, one),
            )
            for one in (PATIENT, HASTY)
        }
        self._accounts: dict[str, At] = {}
        self._made = 0

    def adapters(self, *, stalls: bool) -> tuple[GoogleMailboxes, GoogleMailboxes]:
        """For the first worker and the second; where a call may stall, neither waits for it."""
        return self._adapters[HASTY if stalls else PATIENT]

    def close(self) -> None:
        self.act(lambda: self.world.faults.release(go=False))
        self._end()

    def on_loop(self, run: Callable[[], T]) -> T:
        """In the simulator's own thread."""

        async def wrapped() -> T:
            return run()

        return asyncio.run_coroutine_threadsafe(wrapped(), self.gmail.loop).result(10)

    def act(self, begin: Callable[[], "asyncio.Future[T] | object"]) -> object:
        """Awaits what `begin` makes, in the simulator's thread."""

        async def wrapped() -> object:
            return await begin()  # type: ignore[misc]

        return asyncio.run_coroutine_threadsafe(wrapped(), self.gmail.loop).result(10)

    def account(self, now: Callable[[], datetime], marker: Marker, session: Session) -> At:
        """A new account at a Gmail that behaves so; what the run before left behind is gone."""
        self.clock.time = now
        self._made += 1
        email = f"ada{self._made}@agency.example"

        def make() -> At:
            self.world.faults.clear()
            self.world.calls.forget()
            self.world.behave(
                Behaviour(
                    keep_x_headers=marker is not Marker.DROPPED,
                    session_answers_after_completion=session is Session.ANSWERS,
                )
            )
            account = self.world.add_account(email, aliases=[Alias(f"sales{self._made}@agency.example", "Sales")])
            grant = Grant(account, self.world.clients["sandbox-client"], tuple(SCOPES.split()), offline=True)
            return At(account, self.world.grants.issue_refresh(grant))

        self._accounts.clear()
        made = self._accounts[email] = self.on_loop(make)
        return made

    def fault(self, at: At, rules: Iterable[Rule], session: Session) -> None:
        """These faults from now on; a mute session says nothing of itself after them."""
        wanted = [{**one, "email": at.email} for one in rules]
        if session is Session.MUTE:
            wanted.append({"method": ASK, "email": at.email, "status": 404})
        self.on_loop(lambda: self.world.faults.add([read_fault(dict(one)) for one in wanted]))

    def release(self, *, go: bool) -> None:
        """Held calls go on, or are cut off."""
        self.act(lambda: self.world.faults.release(go=go))

    def password_changed(self, at: At) -> None:
        """Every grant of the account ends."""
        self.on_loop(lambda: self.world.grants.end(at.account, GrantEnd.PASSWORD))

    def delete_sent(self, at: At) -> None:
        """The user deletes whatever is in Sent, for good."""
        mailbox = at.account.mailbox

        def delete() -> None:
            for one in list(mailbox.messages.values()):
                if "SENT" in one.labels:
                    mailbox.remove(one)

        self.on_loop(delete)

    def newest(self, at: At) -> int:
        """The newest history id of the account."""
        return at.account.mailbox.history.current

    def deliver(self, at: At, raw: bytes) -> None:
        """A mail comes for the account."""
        self.on_loop(lambda: deliver(self.world, at.account, raw, ("INBOX", "UNREAD")))

    def sent_copies(self, at: At, subject: str) -> int:
        """Copies in Sent that the account has now."""
        found = self.on_loop(lambda: [one for one in at.account.mailbox.messages.values() if "SENT" in one.labels])
        return sum(one.block.first("subject") == subject for one in found)

    def calls(self, at: At, method: str = SEND) -> int:
        """How often Gmail carried it out."""
        listed = self.on_loop(lambda: self.world.calls.listed(at.email, method))
        return sum(one["status"] == 200 for one in listed)

    def _left(self, sender: str, _recipients: object, raw: bytes, _own: bool) -> None:
        if sender in self._accounts:
            head = raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
            subject = next(line for line in head.split("\r\n") if line.lower().startswith("subject:"))
            self._accounts[sender].left.append(subject.partition(":")[2].strip())
