"""One mailbox: its messages, threads and labels, each change of which becomes history."""

import random
from bisect import insort
from collections.abc import Callable, Iterable, Sequence

from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.headers import Block, split
from tests.sandbox.gmail_simulator.history import Change, History, Record
from tests.sandbox.gmail_simulator.labels import Labels
from tests.sandbox.gmail_simulator.message import StoredMessage
from tests.sandbox.gmail_simulator.threads import ThreadIndex

Watcher = Callable[[frozenset[str]], None]
"""Told after each change which labels it concerned."""


class Mailbox:
    """Messages by id, and in the order of their dates."""

    def __init__(self, chance: random.Random, clock: Clock) -> None:
        self._chance, self._clock = chance, clock
        self.messages: dict[str, StoredMessage] = {}
        self.dated: list[tuple[int, int, str]] = []
        self.threads: dict[str, list[str]] = {}
        self.drafts: dict[str, str] = {}
        self.labels = Labels()
        self.history = History(chance)
        self.index = ThreadIndex()
        self.watcher: Watcher = _nobody
        self._added = 0

    def _new_id(self) -> str:
        while True:
            made = f"{(self._clock.now_ms() << 20) | self._chance.getrandbits(20):016x}"
            if made not in self.messages:
                return made

    def new_draft_id(self) -> str:
        """An id for a draft that is saved for the first time."""
        return f"r{self._chance.getrandbits(63)}"

    def add(
        self,
        raw: bytes,
        labels: Sequence[str],
        *,
        block: Block | None = None,
        thread_id: str | None = None,
        internal_date: int | None = None,
    ) -> StoredMessage:
        """A new message; without `thread_id` it begins a thread. `internal_date` in ms, now if None."""
        message_id = self._new_id()
        self._added += 1
        message = StoredMessage(
            id=message_id,
            thread_id=thread_id or message_id,
            raw=raw,
            block=block or split(raw),
            labels=tuple(dict.fromkeys(labels)),
            internal_date=self._clock.now_ms() if internal_date is None else internal_date,
            arrived=self._clock.now(),
            order=self._added,
        )
        self.messages[message_id] = message
        insort(self.dated, (message.internal_date, message.order, message_id))
        self.threads.setdefault(message.thread_id, []).append(message_id)
        self.index.add(message.thread_id, message.block)
        self._record(message, Change.MESSAGE_ADDED)
        self.watcher(frozenset(message.labels))
        return message

    def remove(self, message: StoredMessage) -> None:
        """Deletes for good."""
        del self.messages[message.id]
        self.dated.remove((message.internal_date, message.order, message.id))
        thread = self.threads[message.thread_id]
        thread.remove(message.id)
        if not thread:
            del self.threads[message.thread_id]
            self.index.forget(message.thread_id)
        self._record(message, Change.MESSAGE_DELETED)
        self.watcher(frozenset(message.labels))

    def relabel(self, message: StoredMessage, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Applies and takes off labels; what changes nothing leaves no history."""
        removed = tuple(one for one in dict.fromkeys(remove) if one in message.labels)
        added = tuple(one for one in dict.fromkeys(add) if one not in message.labels and one not in removed)
        if added:
            message.labels = (*message.labels, *added)
            self._record(message, Change.LABEL_ADDED, added)
        if removed:
            message.labels = tuple(one for one in message.labels if one not in removed)
            self._record(message, Change.LABEL_REMOVED, removed)
        if added or removed:
            self.watcher(frozenset((*message.labels, *added, *removed)))

    def _record(self, message: StoredMessage, change: Change, changed: tuple[str, ...] = ()) -> None:
        message.history_id = self.history.next_id()
        self.history.add(
            Record(
                id=message.history_id,
                at=self._clock.now(),
                change=change,
                message_id=message.id,
                thread_id=message.thread_id,
                labels=message.labels,
                changed=changed,
            )
        )


def _nobody(labels: frozenset[str]) -> None:
    """Watches nothing."""
