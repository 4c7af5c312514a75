"""The fakes with the time that the real things take, which passes for the worker that calls and for nobody else."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from shared.domain import budget
from shared.domain.identifiers import GmailId, MailboxId, MessageId, TraceId
from shared.domain.keys import Collection, Key
from shared.domain.mailbox import Alias, Mailbox
from shared.errors import Transient
from shared.ports.gmail import FullMail, HistoryPage, IdPage, MailHeaders, Profile
from shared.ports.store import Query, Stored, Where, Write
from shared.ports.world import Event
from tests.burst.quota import Quota
from tests.burst.virtual_time import VirtualTime
from tests.fakes.store import FakeReading, FakeStore
from tests.soak.account import Account

T = TypeVar("T")
AT_ONCE = 10
READ, COMMIT, PUBLISH = (0.004, 0.008), (0.006, 0.014), (0.005, 0.02)
"""Seconds, from and to."""


class SlowStore:
    """`committed` is called with what was written."""

    def __init__(self, store: FakeStore, time: VirtualTime, draw: Random) -> None:
        self.store, self._time, self._draw = store, time, draw
        self.committed: Callable[[Sequence[Write]], None] = lambda _: None

    def read(self, *keys: Key[Any]) -> FakeReading:
        self._time.pause(self._draw.uniform(*READ))
        return self.store.read(*keys)

    def commit(self, writes: Sequence[Write]) -> datetime:
        self._time.pause(self._draw.uniform(*COMMIT))
        version = self.store.commit(writes)
        self.committed(writes)
        return version

    def find(self, query: Query[T]) -> list[Stored[T]]:
        self._time.pause(self._draw.uniform(*READ))
        return self.store.find(query)

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        self._time.pause(self._draw.uniform(*READ))
        return self.store.count(collection, where)

    def sum(self, collection: Collection[Any], field: str) -> int:
        self._time.pause(self._draw.uniform(*READ))
        return self.store.sum(collection, field)


class SlowGmail:
    """One account over the network: every call takes `latency` seconds and counts against the account's quota."""

    def __init__(self, account: Account, quota: Quota, time: VirtualTime, latency: float) -> None:
        self._account, self._quota, self._time, self._latency = account, quota, time, latency

    def _call(self, units: int) -> None:
        allowed = self._quota.take(units, self._time.seconds)
        self._time.pause(self._latency)
        if not allowed:
            raise Transient("gmail: 429", retry_at=self._time.now() + timedelta(seconds=60))

    def history(self, since: int, page: str | None) -> HistoryPage:
        self._call(budget.HISTORY)
        return self._account.history(since, page)

    def headers(self, ids: Sequence[GmailId]) -> list[MailHeaders | Exception]:
        return [answer for some in self._rounds(ids) for answer in self._account.headers(some)]

    def fulls(self, ids: Sequence[GmailId]) -> list[FullMail | Exception]:
        return [answer for some in self._rounds(ids) for answer in self._account.fulls(some)]

    def _rounds(self, ids: Sequence[GmailId]) -> Iterator[Sequence[GmailId]]:
        """Ten requests at once."""
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            self._call(budget.GET * len(some))
            yield some

    def profile(self) -> Profile:
        self._call(budget.PROFILE)
        return self._account.profile()

    def search(self, query: str, page: str | None, *, include_spam_trash: bool = False) -> IdPage:
        self._call(budget.LIST)
        return self._account.search(query, page, include_spam_trash=include_spam_trash)

    def labels(self) -> dict[str, str]:
        self._call(budget.LABELS)
        return self._account.labels()

    def aliases(self) -> tuple[str, tuple[Alias, ...]]:
        self._call(budget.ALIASES)
        return self._account.aliases()


@dataclass
class SlowAccess:
    """Opens the accounts of the simulation by their address."""

    accounts: dict[str, Account]
    quotas: dict[str, Quota]
    time: VirtualTime
    latency: float

    def open(self, mailbox: Mailbox) -> Any:
        return SlowGmail(self.accounts[mailbox.address], self.quotas[mailbox.address], self.time, self.latency)

    def open_with(self, refresh_token: str) -> Any:
        raise AssertionError("nobody connects meanwhile")

    def sender(self, mailbox: Mailbox) -> Any:
        raise AssertionError("a sync sends nothing")


class SlowTopics:
    """`woken` gets what is published for the sync; events are only counted by their ids."""

    def __init__(self, time: VirtualTime, draw: Random, woken: Callable[[MailboxId], None]) -> None:
        self._time, self._draw, self._woken = time, draw, woken
        self.told: set[str] = set()

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        self._time.pause(self._draw.uniform(*PUBLISH))
        for mailbox in mailboxes:
            self._woken(mailbox)

    def deliver(self, entries: Mapping[MessageId, TraceId]) -> None:
        if entries:
            raise AssertionError("nobody sends meanwhile")

    def deliver_again(self, events: Mapping[str, TraceId]) -> None:
        if events:
            raise AssertionError("nobody listens meanwhile")

    def announce(self, events: Sequence[Event]) -> None:
        self._time.pause(self._draw.uniform(*PUBLISH))
        self.told |= {event.id for event in events}
