"""Gmail's limits: quota units a minute, calls at the same time, sends a day."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.errors import GoogleError, retry_after

MINUTE: Final = 60
DAY: Final = 86_400
CONSUMER_SENDS, WORKSPACE_SENDS = 500, 2_000

_BY_ID: Final = {
    "gmail.users.getProfile": 1,
    "gmail.users.watch": 100,
    "gmail.users.stop": 50,
    "gmail.users.history.list": 2,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.attachments.get": 20,
    "gmail.users.messages.send": 100,
    "gmail.users.messages.insert": 25,
    "gmail.users.messages.import": 25,
    "gmail.users.messages.modify": 5,
    "gmail.users.messages.trash": 20,
    "gmail.users.messages.untrash": 5,
    "gmail.users.messages.delete": 10,
    "gmail.users.messages.batchModify": 50,
    "gmail.users.messages.batchDelete": 50,
    "gmail.users.drafts.list": 5,
    "gmail.users.drafts.get": 20,
    "gmail.users.drafts.create": 10,
    "gmail.users.drafts.delete": 10,
    "gmail.users.drafts.update": 15,
    "gmail.users.drafts.send": 100,
    "gmail.users.threads.list": 10,
    "gmail.users.threads.modify": 10,
    "gmail.users.threads.get": 40,
    "gmail.users.threads.trash": 20,
    "gmail.users.threads.untrash": 20,
    "gmail.users.threads.delete": 20,
    "gmail.users.labels.create": 5,
    "gmail.users.labels.update": 5,
    "gmail.users.labels.patch": 5,
    "gmail.users.labels.delete": 5,
}


def units(method: str) -> int:
    """Quota units of a method (a discovery id)."""
    return _BY_ID.get(method, 1)


@dataclass(slots=True)
class Limits:
    """What is allowed; None lifts a limit. `sends_per_day` -1 means what the kind of account has."""

    units_per_minute: int | None = 6_000
    concurrent: int | None = 10
    sends_per_day: int | None = -1


@dataclass(slots=True)
class _Spent:
    by_second: deque[tuple[int, int]] = field(default_factory=deque)
    total: int = 0
    running: int = 0
    sends: deque[float] = field(default_factory=deque)


class Quota:
    """Counts what each mailbox has spent. Units: at most the limit in any 60 seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.limits = Limits()
        self._spent: dict[str, _Spent] = {}

    def _of(self, account: Account) -> _Spent:
        return self._spent.setdefault(account.sub, _Spent())

    def charge(self, account: Account, amount: int) -> None:
        """Spends units; GoogleError 403 rateLimitExceeded if they would pass the limit, and nothing is spent."""
        spent, now = self._of(account), int(self._clock.now())
        while spent.by_second and spent.by_second[0][0] <= now - MINUTE:
            spent.total -= spent.by_second.popleft()[1]
        limit = self.limits.units_per_minute
        if limit is not None and spent.total + amount > limit:
            message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
            message += "'gmail.googleapis.com' for consumer 'project_number:1'."
            raise GoogleError(403, message, "rateLimitExceeded")
        if spent.by_second and spent.by_second[-1][0] == now:
            amount_so_far = spent.by_second.pop()[1]
            spent.by_second.append((now, amount_so_far + amount))
        else:
            spent.by_second.append((now, amount))
        spent.total += amount

    def enter(self, account: Account, *, already: int = 0) -> None:
        """A call begins; GoogleError 429 if too many run at the same time, or `already` of one batch."""
        spent, limit = self._of(account), self.limits.concurrent
        if limit is not None and max(spent.running, already) >= limit:
            raise GoogleError(429, "Too many concurrent requests for user", "rateLimitExceeded")
        spent.running += 1

    def leave(self, account: Account) -> None:
        """A call that entered has ended."""
        self._of(account).running -= 1

    def _daily(self, account: Account) -> int | None:
        if self.limits.sends_per_day == -1:
            return WORKSPACE_SENDS if account.hosted_domain else CONSUMER_SENDS
        return self.limits.sends_per_day

    def count_send(self, account: Account) -> None:
        """Remembers a mail that was sent, by whatever way."""
        self._of(account).sends.append(self._clock.now())

    def sends_beyond(self, account: Account) -> int:
        """How far one more send would pass the daily limit; 0 if it does not."""
        sends, limit = self._of(account).sends, self._daily(account)
        while sends and sends[0] <= self._clock.now() - DAY:
            sends.popleft()
        return 0 if limit is None else max(0, len(sends) + 1 - limit)

    def send_refusal(self, account: Account) -> GoogleError:
        """429 with the time at which the next send is possible."""
        sends = self._of(account).sends
        until = (sends[0] if sends else self._clock.now()) + DAY
        return retry_after(429, until, subject="Mail sending")
