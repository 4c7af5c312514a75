"""The topics in memory."""

from collections.abc import Callable, Mapping, Sequence

from shared.domain.identifiers import MailboxId, MessageId, TraceId
from shared.ports.world import Event


class FakeTopics:
    """What was published, oldest first, `traces` those of the entries.

    `before_publish` may raise to refuse a call, given its topic's name.
    """

    def __init__(self) -> None:
        self.woken: list[MailboxId] = []
        self.delivered: list[MessageId] = []
        self.announced: list[Event] = []
        self.again: list[str] = []
        self.traces: dict[MessageId, TraceId] = {}
        self.before_publish: Callable[[str], None] = lambda _: None

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        self.before_publish("work")
        self.woken += mailboxes

    def deliver(self, entries: Mapping[MessageId, TraceId]) -> None:
        self.before_publish("outbox")
        self.delivered += entries
        self.traces |= entries

    def announce(self, events: Sequence[Event]) -> None:
        self.before_publish("events")
        self.announced += events

    def deliver_again(self, events: Mapping[str, TraceId]) -> None:
        self.before_publish("again")
        self.again += events
