"""The history of one mailbox: what changed, under ids that grow with random gaps."""

import random
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tests.sandbox.gmail_simulator.wire import Json

FIRST_ID = 1_000_000
_WIDEST_GAP = 40


class Change(StrEnum):
    """The kinds of record, as historyTypes names them."""

    MESSAGE_ADDED = "messageAdded"
    MESSAGE_DELETED = "messageDeleted"
    LABEL_ADDED = "labelAdded"
    LABEL_REMOVED = "labelRemoved"


_MEMBER = {
    Change.MESSAGE_ADDED: "messagesAdded",
    Change.MESSAGE_DELETED: "messagesDeleted",
    Change.LABEL_ADDED: "labelsAdded",
    Change.LABEL_REMOVED: "labelsRemoved",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One change: `labels` is what the message had afterwards, `changed` what was added or taken off."""

    id: int
    at: float
    change: Change
    message_id: str
    thread_id: str
    labels: tuple[str, ...]
    changed: tuple[str, ...] = ()

    def body(self, *, with_labels: bool) -> Json:
        """The record as history.list gives it."""
        message: Json = {"id": self.message_id, "threadId": self.thread_id}
        inner = {**message, "labelIds": list(self.labels)} if with_labels and self.labels else message
        one: Json = {"message": inner}
        if self.changed:
            one["labelIds"] = list(self.changed)
        return {"id": str(self.id), "messages": [message], _MEMBER[self.change]: [one]}


class History:
    """Records in the order of their ids; those up to the horizon are forgotten."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.current = FIRST_ID + chance.randrange(1000)
        self.horizon = self.current
        self._records: list[Record] = []
        self._ids: list[int] = []

    def next_id(self) -> int:
        """Moves the mailbox on to a new id."""
        self.current += 1 + self._chance.randrange(_WIDEST_GAP)
        return self.current

    def add(self, record: Record) -> None:
        """Remembers a change."""
        self._records.append(record)
        self._ids.append(record.id)

    def expire(self) -> None:
        """Forgets everything so far: every id handed out until now becomes too old."""
        self.horizon = self.next_id()
        self._records.clear()
        self._ids.clear()

    def knows(self, start: int) -> bool:
        """Whether one may still ask from `start`."""
        return self.horizon <= start <= self.current

    def after(self, start: int) -> list[Record]:
        """The records after `start`, oldest first."""
        return self._records[bisect_right(self._ids, start) :]


def matching(records: Iterable[Record], changes: frozenset[str], label: str | None) -> list[Record]:
    """Those of the wanted kinds (all if empty) that concern the label (any if None)."""
    return [
        record
        for record in records
        if (not changes or record.change in changes)
        and (label is None or label in record.labels or label in record.changed)
    ]
