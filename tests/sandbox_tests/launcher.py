"""A stack started as a person would start it: by the command line, in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.client.endpoints import Endpoints
from tests.client.wire import until
from tests.sandbox.faults import children
from tests.sandbox.plan import REPOSITORY

COMMAND = (sys.executable, "-m", "tests.sandbox")


def ask(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@contextmanager
def launched(run_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running stack; if the test has not ended it, it is ended behind the test."""
    command = [*COMMAND, "run", "--run-dir", str(run_dir), *arguments]
    out = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=subprocess.STDOUT, text=True) as process:
        try:
            written = run_dir / "endpoints.json"
            until(lambda: written.exists() or process.poll() is not None, within_s=60, what="the stack's endpoints")
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            Endpoints.read(written)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(30)


def family(pid: int) -> list[int]:
    """All processes below this one."""
    below = children(pid)
    return [*below, *(grandchild for child in below for grandchild in family(child))]


def alive(pids: list[int]) -> list[int]:
    """Those that still run; one that has ended but was not yet reaped does not."""
    return [pid for pid in pids if _state(pid) not in {"Z", "X", ""}]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def without_tool(name: str, folder: Path) -> dict[str, str]:
    """An environment whose PATH has everything this one's has, except one tool."""
    for place in os.environ["PATH"].split(os.pathsep):
        for tool in Path(place).glob("*"):
            link = folder / tool.name
            if tool.name != name and not link.is_symlink():
                link.symlink_to(tool)
    return {"PATH": str(folder), "HOME": os.environ["HOME"]}
