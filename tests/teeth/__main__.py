"""`make teeth`: plants each known bug in a copy of the project and shows which test caught it."""

import argparse
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.teeth.bug import Bug
from tests.teeth.bugs import BUGS
from tests.teeth.planting import Catch, caught

QUICK = 3
"""Bugs in the reduced form, drawn by the seed."""
SEED = 170
"""It draws three that are caught early on, so that the reduced form is a short one."""


def main(asked: list[str]) -> int:
    """0 if every bug was caught, 1 if not, 2 for a bug that is not known."""
    options = _parser().parse_args(asked)
    bugs = list(BUGS)
    if options.bug:
        bugs = [bug for bug in BUGS if bug.name == options.bug]
        if not bugs:
            print(f"There is no bug {options.bug}. The bugs are {', '.join(bug.name for bug in BUGS)}.")
            return 2
    elif options.quick:
        bugs = random.Random(options.seed).sample(bugs, QUICK)  # noqa: S311 - which bugs, no secrets
    began, missed = time.perf_counter(), 0
    for catch in _tried(bugs, options.jobs):
        print(_line(catch), flush=True)
        missed += catch.test is None
    print(f"\n{len(bugs) - missed} of {len(bugs)} bugs caught in {time.perf_counter() - began:.0f} seconds.")
    return int(bool(missed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make teeth", description=__doc__)
    parser.add_argument("--bug", help="this one alone")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} of them, drawn by the seed")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    return parser


def _tried(bugs: Sequence[Bug], jobs: int) -> Iterator[Catch]:
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(caught, bugs)


def _line(catch: Catch) -> str:
    verdict = catch.test.partition("::")[2] or catch.test if catch.test else f"NOT CAUGHT\n{catch.told}"
    return f"{catch.bug.name:<28} {catch.bug.sentence}\n{'':<28} {catch.seconds:4.0f} s  {verdict}"


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # What a pager does not want is not printed.
    sys.exit(main(sys.argv[1:]))
