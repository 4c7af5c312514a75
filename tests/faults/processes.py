"""The product's functions as processes in memory: each served request, push and timer, any of which may die."""

import base64
import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import flask
import msgspec

from shared.adapters.sealing.keyset import parsed
from shared.adapters.sealing.sealer import KeysetSealer
from shared.domain.identifiers import LocationId, MessageId
from shared.entrypoint import push, schedule
from shared.entrypoint.announced import announced, waiting_event
from shared.entrypoint.notices import notice
from shared.usecases.capturing import Capturing
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.deliver_event import Delivering, deliver_again, deliver_event
from shared.usecases.delivery import Delivery
from shared.usecases.drop_grants import drop_grants
from shared.usecases.grants import Google
from shared.usecases.process_notification import process_notification
from shared.usecases.reconcile import reconcile
from shared.usecases.renew_watches import renew_watches
from shared.usecases.sync_work import SyncPorts
from tests.fakes.blobs import FakeBlobs
from tests.fakes.gmail import FakeMail
from tests.fakes.provider import FakeProvider
from tests.fakes.store import FakeStore
from tests.fakes.webhooks import FakeWebhook
from tests.faults.accounts import CanaryAccounts, CanaryGrants
from tests.faults.queues import Queues, Waiting
from tests.faults.strikes import Died, Fate, StruckProvider, struck
from tests.rules.company import Company
from tests.rules.letters import Letter
from tests.rules.premises import DOMAIN, NO_LIMIT
from tests.unit.entrypoint.requests import request
from tests.unit.outbound import PROVIDER
from tests.unit.usecases.office import ANNS, HERE, THERE, TOPIC

STALLED = timedelta(seconds=150)
"""Longer than a lease, a claim, and the deadline of any call."""
KEYSET = '{"primary": "k1", "keys": {"k1": "' + base64.b64encode(bytes(range(32))).decode() + '"}}'


@dataclass(frozen=True)
class Durable:
    """What outlives every process, without any strikes."""

    store: FakeStore
    blobs: FakeBlobs
    queues: Queues
    accounts: CanaryAccounts
    grants: CanaryGrants
    provider: FakeProvider
    webhook: FakeWebhook = field(default_factory=FakeWebhook)


@dataclass(frozen=True)
class Post:
    """A mail that came, and where it belongs: conversation by location; nowhere if it is nobody's business here.

    `tempting`: it belonged somewhere for a while, so that its body may have been asked for.
    """

    letter: Letter
    places: Mapping[LocationId, str] = field(default_factory=dict)
    at_history: Mapping[str, int] = field(default_factory=dict)
    tempting: bool = False


class Processes(Company):
    """A company as `Premises` has it, not connected yet. Nothing is counted or struck but what the product does.

    `posts` is the mail that the product should know of; `answers` and `log` are all that it ever said. `watched` are
    the breaches that show in passing only. `sends` has the subjects of what was accepted for Gmail, `runs` the
    recipients of what was for the provider, by its id.
    """

    def __init__(self, preset: str = "known_contacts", **settings: Any) -> None:
        self.strikes = Fate(others=self._others, counting=False)
        self.posts: list[Post] = []
        self.answers: list[tuple[int, str]] = []
        self.log = io.StringIO()
        self.deaths = 0
        self.sends: dict[str, str] = {}
        self.runs: dict[str, tuple[str, ...]] = {}
        self.binned: list[tuple[str, FakeMail]] = []
        self.watched: list[str] = []
        self.locations = {str(one): one for one in (HERE, THERE)}
        super().__init__(preset, connected=False, **settings)
        accounts, queues, grants = CanaryAccounts(), Queues(self.clock.now), CanaryGrants()
        self.durable = Durable(self.store, self.blobs, queues, accounts, grants, self.provider)
        self.gmail = self.account(ANNS)
        self._wire()

    def _wire(self) -> None:
        """Every port of the product, struck."""
        own, fate = self.durable, self.strikes
        self.store, self.blobs = struck(own.store, "store", fate), struck(own.blobs, "blobs", fate)
        self.queues: Queues = struck(own.queues, "topics", fate)
        self.mailboxes, self.grants = struck(own.accounts, "google", fate), struck(own.grants, "grants", fate)
        self.sealer: Any = KeysetSealer(parsed(KEYSET))
        self.google = Google(self.mailboxes, self.grants, self.sealer)
        self._restart()

    def _restart(self) -> None:
        """A process begins with nothing in its memory."""
        self.ports = SyncPorts(
            self.store,
            self.mailboxes,
            self.blobs,
            self.queues,
            self.clock,
            self.sealer,
            {},
            units_per_minute=NO_LIMIT,
            capture_domain=DOMAIN,
        )
        provider = StruckProvider(self.durable.provider, self.strikes)
        self.delivery = Delivery(
            self.store, self.queues, self.blobs, self.mailboxes, self.sealer, self.patience, provider, PROVIDER
        )
        self.capturing = Capturing(self.store, self.blobs, self.queues, self.patience, DOMAIN)
        webhook = struck(self.durable.webhook, "webhook", self.strikes)
        self.delivering = Delivering(self.store, self.patience, webhook)

    def account(self, email: str) -> Any:
        accounts = self.durable.accounts if hasattr(self, "durable") else self.mailboxes
        return accounts.add(email, self.clock.now)

    # processes

    def served(self, run: Callable[[], flask.Response]) -> flask.Response | None:
        """What a process answers to one request; None if it died, of which nobody is told."""
        before, self.strikes.counting = self.strikes.counting, True
        try:
            with redirect_stdout(self.log):
                answer = run()
                self.answers.append((answer.status_code, answer.get_data(as_text=True)))
                return answer
        except Died:
            self.deaths += 1
            self.strikes.dead = False
            self._restart()
            return None
        finally:
            self.strikes.counting = before

    def _others(self) -> None:
        """What goes on while one process stands still for longer than its lease or deadline."""
        self.clock.time += STALLED
        self.minute()

    # time

    def deliver(self) -> None:
        """Pushes all that is due, each to a process."""
        while message := self.durable.queues.due():
            message.in_flight = True
            answer = self.served(lambda: self._pushed(message))
            if answer is not None and answer.status_code < 300:
                self.durable.queues.acknowledged(message)
            else:
                self.durable.queues.refused(message)

    def _pushed(self, message: Waiting) -> flask.Response:
        told = base64.b64encode(msgspec.json.encode(message.content)).decode()
        envelope = {"message": {"data": told, "messageId": message.id}, "subscription": message.topic}
        asked = request("POST", "/", body=msgspec.json.encode(envelope))
        gate = push.PushGate(lambda _: None, self.clock.now)
        return push.receive(asked, lambda: gate, self._acts[message.topic])

    @property
    def _acts(self) -> Mapping[str, Callable[[push.Pushed], Mapping[str, object]]]:
        """What each topic's function does with a message."""
        return {
            "gmail": self._noticed,
            "work": self._noticed,
            "outbox": self._delivered,
            "events": self._told,
            "events-again": self._told,
        }

    def _told(self, pushed: push.Pushed) -> Mapping[str, object]:
        name, event = waiting_event(pushed), announced(pushed)
        done = deliver_again(self.delivering, name) if name else event and deliver_event(self.delivering, event)
        assert done
        return {"outcome": str(done.outcome), "reason": done.reason or None}

    def _noticed(self, pushed: push.Pushed) -> Mapping[str, object]:
        told = notice(pushed)
        assert told
        return {"outcome": str(process_notification(self.ports, told).ending)}

    def _delivered(self, pushed: push.Pushed) -> Mapping[str, object]:
        return {"outcome": str(deliver_entry(MessageId(pushed.content["entry"]), self.delivery).state)}

    def minute(self) -> None:
        """The run of every minute, and all that it leads to."""
        self._scheduled(lambda: reconcile(self.store, self.queues, self.clock))
        self.deliver()

    def hour(self) -> None:
        """The run of every hour."""
        self._scheduled(self._renewed)

    def _renewed(self) -> Mapping[str, int]:
        done = renew_watches(
            store=self.store,
            mailboxes=self.mailboxes,
            topics=self.queues,
            gmail_topic=TOPIC,
            patience=self.patience,
        )
        dropped = drop_grants(store=self.store, google=self.google, topics=self.queues, patience=self.patience)
        return {"renewed": done.renewed, **dropped}

    def _scheduled(self, work: Callable[[], Mapping[str, int]]) -> None:
        self.served(lambda: schedule.run(request("POST", "/"), self.clock.now, work))

    def minutes(self, count: int, *, each: timedelta = timedelta(minutes=1)) -> None:
        """Time goes on, with what it brings."""
        for _ in range(count):
            self.minute()
            self.clock.time += each

    def settle(self) -> None:
        """Nothing is struck any more, and as much time passes as anything may take."""
        self.strikes.disarm()
        self.deliver()
        self.minutes(15)
        self.hour()
        self.minutes(20, each=timedelta(minutes=10))
        self.hour()
        self.minutes(4, each=timedelta(hours=1))
