"""The topics in memory with their push subscriptions: what is refused comes again, what is acknowledged does not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from shared.domain.identifiers import MailboxId, MessageId, TraceId
from shared.ports.world import Event

FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=10), timedelta(seconds=600)


@dataclass(eq=False)
class Waiting:
    """A message on its way to one function; in flight it is not delivered a second time. Each is itself alone."""

    id: str
    topic: str
    content: dict[str, Any]
    not_before: datetime
    tries: int = 0
    in_flight: bool = False


@dataclass
class Queues:
    """`published` is all that was ever on any topic; `events` those of the CRM, each time that they came.

    `subscribed`: the events are pushed to the function that hands them to the CRM, too.
    """

    now: Callable[[], datetime]
    waiting: list[Waiting] = field(default_factory=list)
    published: list[tuple[str, bytes]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    seen: Callable[[Sequence[Event]], None] = lambda _: None
    subscribed: bool = False

    # the port

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        self.publish("work", ({"mailbox": mailbox} for mailbox in mailboxes))

    def deliver(self, entries: Mapping[MessageId, TraceId]) -> None:
        self.publish("outbox", ({"entry": entry} for entry in entries))

    def deliver_again(self, events: Mapping[str, TraceId]) -> None:
        self.publish("events-again", ({"id": event} for event in events))

    def announce(self, events: Sequence[Event]) -> None:
        self.seen(events)
        self.events += events
        if self.subscribed:
            self.publish("events", map(_told, events))
        else:
            self.published += [("events", msgspec.json.encode(event)) for event in events]

    # what Pub/Sub does

    def publish(self, topic: str, contents: Iterable[dict[str, Any]], *, delay: timedelta = timedelta()) -> None:
        for content in contents:
            self.published.append((topic, msgspec.json.encode(content)))
            self.waiting.append(Waiting(f"push-{len(self.published)}", topic, content, self.now() + delay))

    def due(self) -> Waiting | None:
        """The message that waits longest and is not in flight."""
        free = [one for one in self.waiting if not one.in_flight and one.not_before <= self.now()]
        return min(free, key=lambda one: one.not_before, default=None)

    def acknowledged(self, message: Waiting) -> None:
        self.waiting.remove(message)

    def refused(self, message: Waiting) -> None:
        message.in_flight = False
        message.not_before = self.now() + min(LONGEST_RETRY, FIRST_RETRY * 2**message.tries)
        message.tries += 1


def _told(event: Event) -> dict[str, Any]:
    """As it is on the topic."""
    told = {"id": event.id, "type": event.type, "location": event.location, "data": event.details}
    return {**told, "occurred_at": event.occurred_at.isoformat()}
