"""`make soak`: so many simulated mails, in eras of fresh towns, each from its seed; ends with 1 if one fails."""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.soak.era import MAILBOXES, Told, live
from tests.soak.report import Cost, keep, report, table

MESSAGES, ERA = 20_000, 10_000
FOLDER = Path(".run")


def main() -> int:
    asked = _asked()
    if asked.replay is not None:
        return _replayed(asked.replay, asked.era_messages)
    begun, told, early = time.monotonic(), list[Told](), 0
    sizes = _sizes(asked.messages, asked.era_messages)
    for one in _lived(asked.seed, sizes, asked.jobs):
        told.append(one)
        early = early if len(told) > max(1, len(sizes) // 10) else _peak()
        _say(told, asked.messages, time.monotonic() - begun)
        if one.violations and not asked.keep_going:
            break
    cost = Cost(time.monotonic() - begun, _cpu(), _peak(), early)
    made = report(told, first=asked.seed, size=asked.era_messages, cost=cost)
    path = keep(made, asked.folder)
    print(table(made))
    for violation in made.violations:
        print(f"\n{violation['what']}\n  again: {violation['replay']}")
    print(f"\nAll of it is in {path}.")
    return 0 if made.passed else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="mails in all")
    parser.add_argument("--era-messages", type=int, default=ERA, help="mails of one era")
    parser.add_argument("--seed", type=int, default=1, help="of the first era; the others follow")
    parser.add_argument("--jobs", type=int, default=1, help="eras at the same time, each in a process of its own")
    parser.add_argument("--replay", type=int, metavar="SEED", help="only the era of that seed, with all that it found")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first era that fails")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where soak.json is written")
    return parser.parse_args()


def _sizes(messages: int, era: int) -> list[int]:
    """All eras are whole ones, so that a seed and a size say everything about one."""
    return [era] * max(1, -(-messages // era))


def _lived(seed: int, sizes: list[int], jobs: int) -> Iterator[Told]:
    seeds = range(seed, seed + len(sizes))
    if jobs == 1:
        yield from map(live, seeds, sizes)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(partial(live, mailboxes=MAILBOXES), seeds, sizes)


def _replayed(seed: int, messages: int) -> int:
    told = live(seed, messages)
    for violation in told.violations:
        print(violation)
    print(f"{len(told.violations)} violations in the era of seed {seed}, {told.tally['messages']} messages")
    return 1 if told.violations else 0


def _say(told: list[Told], messages: int, seconds: float) -> None:
    done, found = sum(one.tally["messages"] for one in told), sum(len(one.violations) for one in told)
    print(f"{done:,} of {messages:,} messages, {found} violations, {seconds:,.0f} s", file=sys.stderr, flush=True)


def _peak() -> int:
    """MiB of the largest process so far."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
