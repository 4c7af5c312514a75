"""`python -m tests.faults.sends`: what became of sends whose outcome nobody saw; exit status 1 if one went wrong."""

import argparse
import sys
import time

from tests.faults.sends.report import run


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.sends", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every crash point under every evidence and redelivery")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="one run, as a failing one names it")
    given = parser.parse_args()
    began = time.monotonic()
    report = run(lambda line: print(f"  {line}", file=sys.stderr, flush=True), whole=given.all, only=given.only)
    print("\n".join(report.lines))
    print(f"{time.monotonic() - began:.0f} seconds")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
