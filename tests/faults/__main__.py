"""`make faults`: every crash point and fault, and as many schedules as asked for, with a table of what survived."""

import argparse
import signal
import sys

from tests.faults import schedules, table
from tests.faults.crash_points import Point, Report, run, tour
from tests.faults.invariants import INVARIANTS
from tests.faults.sends.report import run as run_sends
from tests.faults.strikes import Mode

QUICK = 12
"""One crash point of so many runs in the reduced form."""
FEW = 100
"""Schedules in the reduced form, other ones than `make test` plays."""
ELSEWHERE = 100_000
JOBS = 2


def main(asked: list[str]) -> int:
    """0 if everything held; 1 if not, with the command that shows each breach again; 2 for a wrong argument."""
    options = _parser().parse_args(asked)
    if options.point:
        return _replayed(options.point)
    if options.fault:
        return table.show([options.fault], run=True)
    held = [_crash_points(quick=options.quick, seed=options.seed)]
    held.append(_schedules(FEW if options.quick else options.schedules, options.seed))
    if not options.quick:
        held.append(_sends())
    print("Faults: each by its tests.")
    held.append(table.show(run=not options.quick) == 0)
    print("\nEverything held." if all(held) else "\nNot everything held: see above.")
    return int(not all(held))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--point", help="one crash point again, as a breach names it")
    parser.add_argument("--fault", help="one fault's tests alone")
    parser.add_argument(
        "--quick", action="store_true", help="a part of the crash points and schedules, drawn by the seed"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schedules", type=int, default=2_000)
    return parser


def _schedules(count: int, seed: int) -> bool:
    print("Schedules: users, Gmail, pushes, clocks and crashes in whatever order the seed draws.")
    total = schedules.run(count, seed=ELSEWHERE * seed, jobs=JOBS, tell=print)
    print(f"  {schedules.told(total)}\n")
    return not total.breached


def _sends() -> bool:
    print("Sends: every ambiguous outcome, crash point and redelivery, counted by the Gmail simulator.")
    report = run_sends(lambda line: print(f"  {line}", file=sys.stderr, flush=True))
    print("  " + "\n  ".join(report.lines) + "\n")
    return report.good


def _replayed(name: str) -> int:
    try:
        point = Point.of(name)
        found, plant = run(point)
    except (ValueError, KeyError):
        print("A crash point is written scenario:number:MODE, as in send:17:DIE_AFTER.")
        return 2
    print(plant.log.getvalue(), end="")
    print(f"\nstruck: {', '.join(plant.strikes.struck) or 'nothing'}")
    print("\n".join(found) or "Every invariant holds.")
    return int(bool(found))


def _crash_points(*, quick: bool, seed: int) -> bool:
    print(f"Crash points: each operation of each scenario, in {len(Mode)} modes ({', '.join(Mode)}).")
    report = tour(share=QUICK if quick else 1, seed=seed, tell=print)
    points = sum(report.operations.values()) * len(Mode)
    print(
        f"  {sum(report.operations.values())} operations, {points} points, {report.runs} runs, {report.deaths} deaths, "
        f"{report.seconds:.0f} seconds, {len(report.failed)} violations\n"
    )
    _by_invariant(report)
    for name, found in report.failed.items():
        print(f"  make faults POINT={name}\n    " + "\n    ".join(found))
    return not report.failed


def _by_invariant(report: Report) -> None:
    lines = [line for found in report.failed.values() for line in found]
    for name, sentence in INVARIANTS.items():
        broken = sum(line.startswith(f"{name} ") for line in lines)
        print(f"  {name:<4} {'held' if not broken else f'broken {broken} times':<10} {sentence}")
    print()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # What a pager does not want is not printed.
    sys.exit(main(sys.argv[1:]))
