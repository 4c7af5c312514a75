"""Events on their way to a receiver in memory: what is announced, the timer, and what either brings about."""

import json
from datetime import datetime

from shared.domain import keys
from shared.domain.events_attention import EventsStatus
from shared.domain.identifiers import LocationId, UserId
from shared.domain.receiver import Receiver
from shared.domain.waiting_event import Announced, WaitingEvent
from shared.usecases.contended import Patience
from shared.usecases.deliver_event import Delivered, Delivering, deliver_again, deliver_event
from shared.usecases.operating import Operating
from shared.usecases.oversee_events import enable_receiver, events_status, replay_events
from shared.usecases.retry_events import retry_events
from tests.fakes.chance import FakeChance
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore
from tests.fakes.topics import FakeTopics
from tests.fakes.webhooks import FakeWebhook

OPERATOR = UserId("olga")


def event(number: int, kind: str = "message.stored") -> Announced:
    name = f"{kind}:here:m{number}"
    told = {"id": name, "type": kind, "location": "here", "occurred_at": "2026-03-02T09:00:00Z", "data": {"n": number}}
    return Announced(name, kind, LocationId("here"), json.dumps(told))


class PostOffice:
    """One deployment's events."""

    def __init__(self, *, receiver: bool = True) -> None:
        self.clock = FakeClock()
        self.store, self.topics, self.webhook = FakeStore(self.clock.now), FakeTopics(), FakeWebhook()
        patience = Patience(self.clock, FakeChance())
        self.ports = Delivering(self.store, patience, self.webhook if receiver else None)
        self.operating = Operating(self.store, self.topics, patience)

    def announce(self, one: Announced) -> Delivered:
        return deliver_event(self.ports, one)

    def again(self, name: str) -> Delivered:
        return deliver_again(self.ports, name)

    def tick(self, **by: float) -> list[Delivered]:
        """Time passes, then the timer runs, and what it published is delivered."""
        self.clock.advance(**by)
        before = len(self.topics.again)
        retry_events(self.store, self.topics, self.clock.now())
        return [self.again(name) for name in self.topics.again[before:]]

    def ticks(self, until: datetime, *, every_s: float = 60) -> None:
        while self.clock.now() < until:
            self.tick(seconds=every_s)

    def enable(self) -> None:
        enable_receiver(self.operating, OPERATOR)

    def replay(self, *names: str) -> int:
        return replay_events(self.operating, OPERATOR, names)

    def waits(self, one: Announced) -> WaitingEvent | None:
        key = keys.waiting_event(one.id)
        return self.store.read(key).value(key)

    def kept(self, one: Announced) -> WaitingEvent:
        found = self.waits(one)
        assert found is not None
        return found

    def receiver(self) -> Receiver:
        return self.store.read(keys.RECEIVER).value(keys.RECEIVER) or Receiver()

    def status(self) -> EventsStatus:
        return events_status(self.store, self.clock.now())

    def taken(self) -> list[str]:
        return [name for name, _ in self.webhook.taken]
