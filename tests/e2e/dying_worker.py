"""A worker of `process_history` on the stack's own services that dies, as by SIGKILL, at a commit of one's choice.

usage: python -m tests.e2e.dying_worker ADDRESS HISTORY_ID before|after NUMBER, in the function's environment
"""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.domain.addresses import Address
from shared.domain.keys import Collection
from shared.ports.store import Query, Reading, Store, Stored, Where, Write
from shared.usecases.process_notification import Notice, process_notification
from shared.wiring.sync import sync_ports

DEAD = 9


class DyingStore:
    """The real store; its process ends at the commit with the given number, before or after it is made."""

    def __init__(self, store: Store, when: str, number: int) -> None:
        self._store, self._when, self._left = store, when, number

    def read(self, *keys: Any) -> Reading:
        return self._store.read(*keys)

    def commit(self, writes: Sequence[Write]) -> datetime:
        self._left -= 1
        if self._left < 0 and self._when == "before":
            os._exit(DEAD)
        version = self._store.commit(writes)
        if self._left < 0:
            os._exit(DEAD)
        return version

    def find(self, query: Query[Any]) -> list[Stored[Any]]:
        return self._store.find(query)

    def count(self, collection: Collection[Any], where: Iterable[Where] = ()) -> int:
        return self._store.count(collection, where)

    def sum(self, collection: Collection[Any], field: str) -> int:
        return self._store.sum(collection, field)


def main(address: str, history_id: str, when: str, number: str) -> None:
    ports = sync_ports()
    dying = replace(ports, store=DyingStore(ports.store, when, int(number)))
    outcome = process_notification(dying, Notice("dying", address=Address(address), history_id=int(history_id)))
    sys.stderr.write(f"survived: {outcome}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
