"""The faults with the tests that prove them, and what came of those tests when they were run."""

import contextlib
import io
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.faults.book import BOOK, FAULTS, where
from tests.proofs import Found, Proof

QUICK: Final = "in memory"


@dataclass
class Verdicts:
    """A plugin of pytest that keeps, by the name of the test function, how each of its cases ended."""

    ended: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    trouble: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Counts the case when it ran, or when what it needs could not be made."""
        if report.when == "call" or not report.passed:
            self.ended[report.nodeid.partition("[")[0]].append(bool(report.passed))
            if not report.passed:
                self.trouble.append(f"{report.nodeid}\n{report.longreprtext}")

    def survived(self, tests: Sequence[Proof]) -> bool:
        """Whether there are tests, all of them ran, and all of their cases passed."""
        return bool(tests) and all(self.ended.get(one.node) and all(self.ended[one.node]) for one in tests)


def executed(found: Found) -> Verdicts:
    """Runs the tests through pytest, each once. What they print is not shown."""
    verdicts = Verdicts()
    nodes = dict.fromkeys(one.node for tests in found.values() for one in tests)
    if nodes:
        with contextlib.redirect_stdout(io.StringIO()):
            pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *nodes], plugins=[verdicts])
    return verdicts


def of_places(found: Found, places: Collection[str]) -> dict[str, list[Proof]]:
    """Only the tests that run there."""
    return {fault: [one for one in tests if where(one) in places] for fault, tests in found.items()}


def show(asked: Sequence[str] = (), *, run: bool = False, quick: bool = False) -> int:
    """Prints the table, or the tests of the faults that were asked for, and with `run` what came of them.

    `quick` leaves out what needs servers, emulators or processes. Gives 1 if a fault has no test or did not survive, 2
    if there is no such fault.
    """
    faults = [one.upper() for one in asked]
    if unknown := FAULTS.unknown(faults):
        print(unknown)
        return 2
    everything = FAULTS.proofs()
    found = {fault: everything[fault] for fault in faults or BOOK}
    lines = [line for fault in faults for line in FAULTS.chapter(fault, found[fault])] or FAULTS.table(found)
    print("\n".join(lines))
    bare = [fault for fault, tests in found.items() if not tests]
    if bare:
        print(f"\nNo test proves {', '.join(bare)}.")
    elif not faults:
        print(f"\n{len(BOOK)} faults, {len({one for tests in found.values() for one in tests})} tests.")
    lost = _told(of_places(found, {QUICK}) if quick else found) if run else False
    return 1 if bare or lost else 0


def _told(found: Found) -> bool:
    """Runs the tests and prints each fault's end; whether one was not survived."""
    verdicts = executed(found)
    print()
    survived = 0
    for fault, tests in found.items():
        good = verdicts.survived(tests)
        survived += good
        cases = [one for test in tests for one in verdicts.ended.get(test.node, ())]
        print(f"{fault}  {'survived' if good else 'FAILED  '}  {sum(cases)} of {len(cases)} cases, {len(tests)} tests")
    print(f"\n{survived}/{len(found)} survived")
    for one in verdicts.trouble:
        print(f"\n{one}")
    return survived < len(found)
