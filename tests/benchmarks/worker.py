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
from shared.usecases.process_notification import Ending, Notice, process_notification
from shared.usecases.sync_work import SyncPorts
from shared.wiring.sync import sync_ports
from tests.benchmarks.counting import CountingStore

PATIENCE_S = 600.0
AGAIN_AFTER_S = 0.02
LOOK_AGAIN_S = 0.5


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
    """How one push ended in the end, which comes again while it is refused and after a pause, and all its counts."""
    holder, address, history_id = push
    until = time.monotonic() + PATIENCE_S
    counts: Counter[str] = Counter()
    while time.monotonic() < until:
        try:
            outcome = process_notification(ports, Notice(holder, address=Address(address), history_id=history_id))
        except Transient:
            counts["refused"] += 1
            time.sleep(AGAIN_AFTER_S)
            continue
        counts += Counter(outcome.counts or {})
        if outcome.ending is not Ending.PAUSED:
            return str(outcome.ending), counts
        counts["paused"] += 1
        time.sleep(LOOK_AGAIN_S)
    return "not handled", counts


if __name__ == "__main__":
    main()
