"""The topics in memory."""

from collections.abc import Callable, Sequence

from shared.domain.identifiers import MailboxId, MessageId
from shared.ports.world import Event


class FakeTopics:
    """What was published, oldest first; `before_publish` may raise to refuse a call, given its topic's name."""

    def __init__(self) -> None:
        self.woken: list[MailboxId] = []
        self.delivered: list[MessageId] = []
        self.announced: list[Event] = []
        self.before_publish: Callable[[str], None] = lambda _: None

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        self.before_publish("work")
        self.woken += mailboxes

    def deliver(self, entries: Sequence[MessageId]) -> None:
        self.before_publish("outbox")
        self.delivered += entries

    def announce(self, events: Sequence[Event]) -> None:
        self.before_publish("events")
        self.announced += events
