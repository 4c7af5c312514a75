"""Plays the matrix on all processors, counts duplicates, and says what share ended by itself as it should."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from shared.domain.outbox import EntryState
from tests.faults.sends import provider
from tests.faults.sends.cases import Case, answerable, everything, named, struck, unstruck
from tests.faults.sends.ground import Ground
from tests.faults.sends.outcomes import OUTCOMES
from tests.faults.sends.play import Verdict, play

AT_LEAST = 99.0
CHUNK = 120
PROCESSES = 2
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; `wrong` has a line for each run that broke a promise, with the command that plays it again."""

    runs: int
    duplicates: int
    settled_themselves: float
    never_left_ended: float
    wrong: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Nothing was broken, and both shares are reached."""
        return not self.wrong and self.settled_themselves >= AT_LEAST and self.never_left_ended >= 100.0


@dataclass
class _Row:
    runs: int = 0
    states: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0


def run(progress: Progress, *, whole: bool = False, only: Sequence[str] = ()) -> Report:
    """The matrix; `whole`: every crash point under every evidence and redelivery, which takes an hour or two."""
    if only:
        smtp = [name for name in only if name.startswith("smtp:")]
        return _report(_played([name for name in only if name not in smtp]), provider.run_some(smtp))
    verdicts, operations = [], Counter[str]()
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        through_provider = [pool.submit(provider.run_kind, kind) for kind in provider.KINDS]
        for part in pool.map(_played, _chunks(unstruck())):
            verdicts += part
        for one in verdicts:
            name = one.case.outcome.name
            operations[name] = max(operations[name], len(one.operations))
        progress(f"{len(verdicts)} sends without a crash")
        make = everything if whole else struck
        wanted = (case for outcome in OUTCOMES.values() for case in make(outcome, operations[outcome.name]))
        for number, part in enumerate(pool.map(_played, _chunks(wanted)), start=1):
            verdicts += part
            if number % 5 == 0:
                progress(f"{len(verdicts)} sends")
        parcels = [one for part in through_provider for one in part.result()]
    progress(f"{len(verdicts)} sends and {len(parcels)} through the provider")
    return _report(verdicts, parcels)


def _chunks(cases: Iterable[Case]) -> Iterator[list[str]]:
    names = [case.id for case in cases if answerable(case)]
    # Neighbours are alike: dealt out in turn, so that every chunk takes about as long.
    count = max(1, -(-len(names) // CHUNK))
    return (names[at::count] for at in range(count))


def _played(names: list[str]) -> list[Verdict]:
    ground = Ground()
    try:
        return [play(ground, named(name)) for name in names]
    finally:
        ground.close()


def _report(verdicts: Sequence[Verdict], parcels: Sequence[provider.Verdict]) -> Report:
    lost = [one for one in verdicts if one.lost and one.answerable]
    stayed = [one for one in verdicts if not one.accepted]
    wrong = [
        f"{'; '.join(one.wrong)}: python -m tests.faults.sends --only {one.case.id}" for one in verdicts if one.wrong
    ]
    wrong += [f"{'; '.join(one.wrong)}: python -m tests.faults.sends --only {one.id}" for one in parcels if one.wrong]
    doubled = sum(one.copies > 1 for one in verdicts) + sum(one.most > 1 for one in parcels)
    themselves = _share(one.state is EntryState.SENT for one in lost)
    stayed_ended = _share(one.state is not EntryState.UNKNOWN or one.missing for one in stayed)
    lines = [
        *_table(verdicts),
        "",
        f"{len(verdicts)} sends through Gmail, {len(parcels)} through the provider; {doubled} went out twice",
        f"accepted, answer lost, marker or session answers: {themselves:.2f} % of {len(lost)} ended sent by themselves",
        f"never left at first: {stayed_ended:.2f} % of {len(stayed)} ended sent or failed, or left no evidence",
        *provider.table(parcels),
        *wrong,
    ]
    return Report(len(verdicts) + len(parcels), doubled, themselves, stayed_ended, tuple(wrong), tuple(lines))


def _share(hits: Iterable[bool]) -> float:
    all_of_them = list(hits)
    return 100.0 * sum(all_of_them) / len(all_of_them) if all_of_them else 100.0


def _table(verdicts: Sequence[Verdict]) -> list[str]:
    rows: dict[tuple[str, str, str], _Row] = {}
    for one in verdicts:
        row = rows.setdefault((one.case.outcome.family, one.case.marker, one.case.session), _Row())
        row.runs += 1
        row.states[one.state] += 1
        row.duplicates += one.copies > 1
    head = (
        f"{'at Gmail':34} {'marker':8} {'session':8} {'runs':>6} {'sent':>6} {'failed':>6} {'unknown':>7} {'twice':>6}"
    )
    return [head, *(_line(names, row) for names, row in rows.items())]


def _line(names: tuple[str, str, str], row: _Row) -> str:
    family, marker, session = names
    counts = [row.states[state] for state in (EntryState.SENT, EntryState.FAILED, EntryState.UNKNOWN)]
    return (
        f"{family:34} {marker:8} {session:8} {row.runs:6} {counts[0]:6} {counts[1]:6} {counts[2]:7} {row.duplicates:6}"
    )
