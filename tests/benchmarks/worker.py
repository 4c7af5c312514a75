"""A process of its own that acts on pushes as `process_history` does, without its HTTP, and tells what that took.

Usage: `worker < SPEC`, SPEC: `{"steps": [{"pushes": [[holder, address, history id], ...], "threads": n}, ...]}`.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from shared.domain.addresses import Address
from shared.errors import Transient
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.sync_work import SyncPorts
from shared.wiring.sync import sync_ports
from tests.benchmarks.counting import CountingStore

TRIES = 200
AGAIN_AFTER_S = 0.02


def main() -> None:
    """Takes the steps in their order, and prints one JSON object."""
    spec = json.loads(sys.stdin.read())
    wired = sync_ports()
    store = CountingStore(wired.store)
    ports = replace(wired, store=store)
    steps = [_step(ports, store, one["pushes"], one["threads"]) for one in spec["steps"]]
    print(json.dumps({"steps": steps, "cpu_s": time.process_time()}))


def _step(ports: SyncPorts, store: CountingStore, pushes: Sequence[Sequence[Any]], threads: int) -> dict[str, object]:
    store.taken()
    wall, cpu = time.perf_counter(), time.process_time()
    if threads == 1:
        told = [_acknowledged(ports, push) for push in pushes]
    else:
        with ThreadPoolExecutor(threads) as executor:
            told = list(executor.map(partial(_acknowledged, ports), pushes))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    endings = Counter(ending for ending, _ in told)
    counts = sum((each for _, each in told), Counter[str]())
    return {"wall_s": wall, "cpu_s": cpu, "endings": endings, "counts": counts, **store.taken()}


def _acknowledged(ports: SyncPorts, push: Sequence[Any]) -> tuple[str, Counter[str]]:
    """The ending and counts of one push, which comes again as long as it is refused."""
    holder, address, history_id = push
    for _ in range(TRIES):
        try:
            outcome = process_notification(ports, Notice(holder, address=Address(address), history_id=history_id))
        except Transient:
            time.sleep(AGAIN_AFTER_S)
            continue
        return str(outcome.ending), Counter(outcome.counts or {})
    return "refused for good", Counter()


if __name__ == "__main__":
    main()
