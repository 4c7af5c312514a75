"""What a soak had to tell: added up, printed as a table, and kept as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.soak.era import Told

REPLAY = "python -m tests.soak --replay {seed} --era-messages {size}"


@dataclass(frozen=True)
class Report:
    """All eras together; `seconds` of the wall, `cpu_seconds` of all processes, memory in MiB."""

    messages: int
    mailboxes: int
    eras: int
    simulated_days: float
    tally: dict[str, int]
    violations: list[dict[str, str]]
    seconds: float
    cpu_seconds: float
    peak_mib: int
    peak_mib_early: int
    first_seed: int
    era_messages: int

    @property
    def passed(self) -> bool:
        return not self.violations


@dataclass(frozen=True)
class Cost:
    """What a run took; `early` is the peak of the first eras, to see that it does not grow."""

    seconds: float
    cpu_seconds: float
    peak: int
    early: int


def report(told: Sequence[Told], *, first: int, size: int, cost: Cost) -> Report:
    tally = sum((one.tally for one in told), Counter[str]())
    return Report(
        messages=tally["messages"],
        mailboxes=tally["mailboxes"],
        eras=len(told),
        simulated_days=round(sum(one.simulated for one in told), 1),
        tally=dict(sorted(tally.items())),
        violations=[
            {"seed": str(one.seed), "what": what, "replay": REPLAY.format(seed=one.seed, size=size)}
            for one in told
            for what in one.violations
        ],
        seconds=round(cost.seconds, 1),
        cpu_seconds=round(cost.cpu_seconds, 1),
        peak_mib=cost.peak,
        peak_mib_early=cost.early,
        first_seed=first,
        era_messages=size,
    )


def keep(made: Report, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "soak.json"
    path.write_text(json.dumps(asdict(made), indent=1) + "\n")
    return path


def table(made: Report) -> str:
    """For people: a few lines of Markdown."""
    tally = Counter(made.tally)
    lost = sum(count for name, count in tally.items() if name.startswith(("pushes", "notifications")))
    gmail = sum(count for name, count in tally.items() if name.startswith("Gmail"))
    rows = {
        "messages": made.messages,
        "mailboxes; simulated days": f"{made.mailboxes:,}; {made.simulated_days:,.0f}",
        "mails sent from the CRM": _sends(tally),
        "label changes; deletions": f"{tally['label changes']:,}; {tally['deletions']:,}",
        "contacts that came; went": f"{tally['contacts come']:,}; {tally['contacts go']:,}",
        "connections begun; ended": f"{tally['connections begun']:,}; {tally['connections ended']:,}",
        "pushes lost, doubled, late, or dropped by Gmail": lost,
        "crashes; calls that failed, stalled or lost their answer": _struck(tally),
        "Gmail: refusals, outages, lags, cut uploads": gmail,
        "histories forgotten; watches that lapsed": f"{tally['histories forgotten']:,}; {tally['watches lapsed']:,}",
        "grants lost; given anew": f"{tally['grants lost']:,}; {tally['grants given anew']:,}",
        "poisonous mails, parked where they can be seen": tally["poisonous mails"],
        "**violations**": f"**{len(made.violations)}**",
        "time; messages a second": f"{made.seconds:,.0f} s; {made.messages / max(made.seconds, 0.1):,.0f}",
        "memory at most; in the first tenth": f"{made.peak_mib} MiB; {made.peak_mib_early} MiB",
    }
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in rows.items()}
    return "\n".join(["| soak | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in shown.items())])


def _sends(tally: Counter[str]) -> str:
    ends = [f"{tally[f'sends {state}']:,} {state}" for state in ("sent", "failed", "unknown")]
    return f"{tally['sends']:,} ({', '.join(ends)})"


def _struck(tally: Counter[str]) -> str:
    return f"{tally['crashes']:,}; {tally['strikes'] - tally['crashes']:,}"
