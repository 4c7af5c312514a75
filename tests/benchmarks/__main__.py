"""Measures, prints one table, and writes it as JSON: `python -m tests.benchmarks --only P4,P5 --rounds 7`."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import rows
from tests.benchmarks.bursts import bursts
from tests.benchmarks.cpu import cpu
from tests.benchmarks.documents import documents
from tests.benchmarks.extent import QUICK, Extent
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.latency import latency
from tests.benchmarks.memory import memory
from tests.benchmarks.scale import scale
from tests.benchmarks.starts import imports, starts
from tests.benchmarks.throughput import throughput
from tests.benchmarks.units import units
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.trouble import TroubleError

Measure = Callable[[Ground, Extent], list[rows.Row]]
MEASURES: dict[str, Measure] = {
    "P1": cpu,
    "P3": throughput,
    "P4": units,
    "P5": documents,
    "P6": imports,
    "P7": starts,
    "P8": latency,
    "P9": memory,
    "P10": scale,
    "P11": bursts,
}


def main() -> None:
    """Exit status 1 if something could not be measured; whether targets are met changes nothing."""
    given = _arguments()
    chosen = [name.strip().upper() for name in given.only.split(",")] if given.only else list(MEASURES)
    if unknown := [name for name in chosen if name not in MEASURES]:
        sys.exit(f"There is no {unknown[0]}; there are {', '.join(MEASURES)}.")
    extent = replace(QUICK if given.quick else Extent(), real_quota=given.real_quota)
    extent = replace(extent, rounds=given.rounds or extent.rounds)
    try:
        with ground() as here:
            failed, measured = _measured(here, extent, chosen)
    except TroubleError as trouble:
        sys.exit(str(trouble))
    print(rows.table(measured))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps({"quick": given.quick, "rows": rows.plain(measured)}, indent=1) + "\n")
    sys.exit(1 if failed else 0)


def _measured(here: Ground, extent: Extent, chosen: list[str]) -> tuple[bool, list[rows.Row]]:
    measured: list[rows.Row] = []
    failed = False
    for name in chosen:
        started = time.monotonic()
        try:
            measured += MEASURES[name](here, extent)
        except Exception as error:  # noqa: BLE001 - the others are still worth measuring
            failed = True
            print(f"{name} could not be measured: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"{name} took {time.monotonic() - started:.1f} s", file=sys.stderr)
    return failed, measured


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="P1,P5", help="these figures only")
    parser.add_argument("--rounds", type=int, help="rounds of what is compared, an odd number")
    parser.add_argument("--quick", action="store_true", help="less of everything, in about a minute")
    parser.add_argument("--real-quota", action="store_true", help="P3 also at Gmail's own quota, which takes minutes")
    parser.add_argument("--json", type=Path, default=REPOSITORY / ".run" / "benchmarks.json", help="where it is kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
