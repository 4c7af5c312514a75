"""`make burst`: 10,000 mails into one mailbox while 1,000 others get 100 each; ends with 1 if a promise is not kept."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tests.burst.memory import MOST_MIB, peak
from tests.burst.report import Burst, figures, lines
from tests.burst.scene import Plan, Scene

FOLDER = Path(".run")
USUAL = Plan()
SCENES = {
    "usual": (USUAL, "one mail of five is a contact's; the others' mail comes within the same half hour"),
    "eligible": (replace(USUAL, of_burst_eligible=1.0), "every mail of the burst is a contact's"),
    "harsh": (replace(USUAL, others_within=60.0), "the others' mail comes within one minute, too"),
}


def main() -> int:
    asked = _asked()
    told: dict[str, object] = {}
    broken: list[str] = []
    for name in asked.scenes.split(","):
        plan, about = SCENES[name]
        plan = replace(plan, burst=asked.burst, others=asked.others, latency=asked.latency_ms / 1000, seed=asked.seed)
        broken += _played(name, plan, about, told, quiet=asked.quiet)
    if asked.memory:
        broken += _weighed(asked.memory, told)
    asked.folder.mkdir(exist_ok=True)
    path = asked.folder / "burst.json"
    path.write_text(json.dumps(told, indent=1) + "\n")
    print("\n".join(broken) or "Every promise was kept.", f"\nAll of it is in {path}.")
    return 1 if broken else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.burst", description=__doc__)
    parser.add_argument("--scenes", default="usual", help=f"with commas between them: {', '.join(SCENES)}")
    parser.add_argument("--burst", type=int, default=USUAL.burst, help="mails into one mailbox")
    parser.add_argument("--others", type=int, default=USUAL.others, help="other mailboxes")
    parser.add_argument("--latency-ms", type=float, default=100.0, help="of a call to Gmail")
    parser.add_argument("--seed", type=int, default=USUAL.seed)
    parser.add_argument("--memory", type=int, default=10_000, help="mails that a real worker syncs, measured; 0: none")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where burst.json is written")
    parser.add_argument("--quiet", action="store_true")
    return parser.parse_args()


def _played(name: str, plan: Plan, about: str, told: dict[str, object], *, quiet: bool) -> Sequence[str]:
    begun, scene = time.monotonic(), Scene(plan)
    scene.play((lambda _: None) if quiet else (lambda said: print(f"  {said}", file=sys.stderr, flush=True)))
    burst: Burst = figures(scene)
    told[name] = asdict(burst)
    print(f"{name}: {about}")
    print("\n".join(f"  {line}" for line in lines(burst)))
    print(f"  played in {time.monotonic() - begun:.0f} s\n")
    problems = burst.problems(own_floor=plan.of_burst_eligible > USUAL.of_burst_eligible)
    return [f"{name}: {problem}" for problem in problems]


def _weighed(mails: int, told: dict[str, object]) -> Sequence[str]:
    mib = peak(mails)
    told["memory"] = {"mails": mails, "mib": mib}
    print(f"memory: a worker that synced {mails:,} mails held {mib:.0f} MiB at most; it may hold {MOST_MIB} MiB\n")
    return [f"memory: {mib:.0f} MiB"] if mib > MOST_MIB else []


if __name__ == "__main__":
    sys.exit(main())
