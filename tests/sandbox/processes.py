"""Starting and ending the stack's processes, so that none outlives the launcher."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.plan import REPOSITORY

PR_SET_PDEATHSIG = 1
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME", "CLOUDSDK_CONFIG")


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack and the file that it writes its log to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self.process.poll() is not None


def last_line(log: Path) -> str:
    """What a log ends with."""
    return next((line for line in reversed(log.read_text(errors="replace").splitlines()) if line.strip()), "no word")


def start(name: str, command: Sequence[str], *, log: Path, pids: Path) -> Part:
    """Starts a process in a group of its own, so that Ctrl-C reaches the launcher alone."""
    kept = {name: value for name in INHERITED if (value := os.environ.get(name)) is not None}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=kept, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    (pids / name).write_text(str(process.pid))
    return Part(name, process, log)


def start_python(module: str, *arguments: str, log: Path, pids: Path) -> Part:
    """Starts one of the stack's own modules as a process."""
    command = [sys.executable, "-u", "-m", f"tests.sandbox.{module}", *arguments]
    return start(module, command, log=log, pids=pids)


def dying_with_us(command: Sequence[str]) -> list[str]:
    """The command, wrapped so that the kernel ends it with the launcher (Linux; elsewhere the launcher does)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else list(command)


def die_with(parent: int) -> None:
    """From now on this process gets SIGTERM when `parent` ends, however it ends (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)


def stop(parts: Iterable[Part], *, within_s: float = 8.0) -> list[str]:
    """Ends all, in the given order; kills with its whole group what is still there in the end → names of the killed.

    A second Ctrl-C waits until this is done.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        return _stop([part for part in parts if not part.ended], within_s)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _stop(left: list[Part], within_s: float) -> list[str]:
    for part in left:
        _signal(part, signal.SIGTERM)
    deadline = time.monotonic() + within_s
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [part for part in left if not part.ended]
    for part in left:
        _signal(part, signal.SIGKILL)
        part.process.wait()
    return [part.name for part in left]


def _signal(part: Part, number: signal.Signals) -> None:
    try:
        os.killpg(part.process.pid, number)
    except ProcessLookupError:
        part.process.poll()
