"""Processes that begin at the same instant."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from tests.sandbox.plan import REPOSITORY
from tests.sandbox.settings import environment
from tests.sandbox.stack import Stack


def raced(stack: Stack, function: str, *each: Sequence[str], ready: Callable[[], str] = lambda: "") -> list[list[str]]:
    """What came of one `racing_worker` for each list of arguments, in the function's environment.

    When all are `ready`, its answer is told to them, and they begin.
    """
    command = [sys.executable, "-m", "tests.e2e.faults.racing_worker"]
    settings = {**os.environ, **environment(stack.plan, function)}
    racing = [_begun([*command, *arguments], settings) for arguments in each]
    for one in racing:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    told = ready()
    for one in racing:
        assert one.stdin
        one.stdin.write(f"{told}\n")
        one.stdin.flush()
    # The product's log goes to the same place; what came of it is the last line.
    return [json.loads(one.communicate(timeout=60)[0].splitlines()[-1]) for one in racing]


def _begun(command: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=REPOSITORY, env=settings, text=True, stdin=pipe, stdout=pipe)
