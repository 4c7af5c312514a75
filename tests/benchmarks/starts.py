"""P6 and P7: what a function costs before it does anything."""

import subprocess
import sys
from collections.abc import Mapping

from tests.benchmarks.extent import Extent
from tests.benchmarks.functions import EMPTY, Request, envelope, served
from tests.benchmarks.ground import Ground
from tests.benchmarks.rows import Row, of_rounds, ratios
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.table import Kind

FRAMEWORK = "functions_framework"
IMPORT = """
import importlib, os, sys, time
name, clients = sys.argv[1], sys.argv[2:]
before = time.process_time()
importlib.import_module(name)
print(time.process_time() - before, flush=True)
for one in clients:
    module, _, build = one.partition(":")
    getattr(importlib.import_module(module), build)()
print(time.process_time() - before, flush=True)
os._exit(0)
"""


def imports(ground: Ground, extent: Extent) -> list[Row]:
    """CPU time of importing each function's main, relative to the framework alone, in fresh interpreters."""
    names = extent.functions or tuple(ground.plan.table.functions)
    plain: dict[str, list[float]] = {name: [] for name in names}
    built: dict[str, list[float]] = {name: [] for name in names}
    for round_ in range(extent.rounds + 1):
        for name in names:
            alone, _ = _imported(FRAMEWORK, (), ground.settings(name))
            took, with_clients = _imported(f"functions.{name}.main", _clients(ground, name), ground.settings(name))
            if round_:  # the first leaves the bytecode behind
                plain[name].append(took / alone)
                built[name].append(with_clients / alone)
    rows = []
    for name in names:
        target, stretch = (2.8, 2.4) if _kind(ground, name) is Kind.HTTP else (3.2, 2.6)
        what = f"import CPU of {name} / functions_framework"
        rows.append(of_rounds("P6", what, plain[name], unit="x", target=target, stretch=stretch))
        rows.append(of_rounds("P6", f"{what}, clients of its first request too", built[name], unit="x"))
    return rows


def starts(ground: Ground, extent: Extent) -> list[Row]:
    """Time from a function's start to its first answer, relative to an empty function."""
    names = extent.functions or tuple(ground.plan.table.functions)
    took: dict[str, list[float]] = {name: [] for name in (EMPTY, *names)}
    for _ in range(extent.rounds):
        for name, rounds in took.items():
            with served(ground, name, _first(ground, name)) as one:
                rounds.append(one.started_s)
    empty = took.pop(EMPTY)
    rows = [
        of_rounds(
            "P7",
            f"{name}: start to first answer / empty function",
            ratios(rounds, empty),
            unit="x",
            target=3.0,
            stretch=2.4,
        )
        for name, rounds in took.items()
    ]
    return [*rows, of_rounds("P7", "empty function: start to first answer", empty, unit="s")]


def _first(ground: Ground, name: str) -> Request:
    """Something that has the function build all that it needs, and touches nothing."""
    if name == EMPTY or _kind(ground, name) is Kind.HTTP:
        return Request()
    if _kind(ground, name) is Kind.SCHEDULE:
        return Request("POST", b"{}")
    content = {"emailAddress": "nobody@agency.example", "historyId": 1, "entry": "none"}
    return Request("POST", envelope(content, "first"), ground.push_token(name))


def _clients(ground: Ground, name: str) -> tuple[str, ...]:
    reads_mail = "GMAIL_API_URL" in ground.plan.table.functions[name].environment
    return ("shared.wiring.state:store", *(("shared.wiring.google:gmail_access",) if reads_mail else ()))


def _kind(ground: Ground, name: str) -> Kind:
    return ground.plan.table.functions[name].trigger.kind


def _imported(module: str, clients: tuple[str, ...], environment: Mapping[str, str]) -> tuple[float, float]:
    told = subprocess.run(
        [sys.executable, "-c", IMPORT, module, *clients],
        cwd=REPOSITORY,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, last = map(float, told.stdout.split())
    return first, last
