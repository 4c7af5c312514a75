"""Functions in processes of their own, as they run when they are deployed, and pushes to them."""

import base64
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.ground import Ground
from tests.client.wire import call
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.ports import choose

WITHIN_S = 60.0
POLL_S = 0.005
EMPTY = "empty_function"


@dataclass(frozen=True, slots=True)
class Served:
    """A function that listens. `started_s`: seconds from its start to its first answer."""

    name: str
    port: int
    process: int
    started_s: float

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def worker(self) -> int:
        """The framework's server starts one process that does the work."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return int(children[0])


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a function first."""

    method: str = "GET"
    body: bytes = b""
    token: str = ""

    def status(self, port: int) -> int:
        """The answer's status; 0 while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        try:
            connection.request(self.method, "/", self.body, headers)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


@contextmanager
def served(ground: Ground, name: str, first: Request) -> Iterator[Served]:
    """The function's process, from its answer to the first request on; it ends with the block."""
    port = choose([name])[name]
    folder = "tests/benchmarks" if name == EMPTY else "functions"
    settings = ground.settings("process_history" if name == EMPTY else name)
    threads = 8 if name == EMPTY else ground.plan.table.functions[name].concurrency
    command = [sys.executable, "-m", "tests.benchmarks.function_server", f"{folder}/{name}/main.py", name]
    log = ground.plan.log(name)
    started = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, str(port), str(threads)], cwd=REPOSITORY, env=settings, stdout=output, stderr=output
        )
    try:
        while not (status := first.status(port)):
            if process.poll() is not None or time.perf_counter() - started > WITHIN_S:
                raise AssertionError(f"{name} does not start: {log.read_text()[-2000:]}")
            time.sleep(POLL_S)
        took = time.perf_counter() - started
        if status >= 500:
            raise AssertionError(f"{name} answers {status}: {log.read_text()[-2000:]}")
        yield Served(name, port, process.pid, took)
    finally:
        process.terminate()
        process.wait(WITHIN_S)


def envelope(content: Mapping[str, Any], message: str) -> bytes:
    """What Pub/Sub posts for a message with this content."""
    packed = base64.b64encode(json.dumps(content).encode()).decode()
    told = {"data": packed, "messageId": message, "publishTime": "2026-01-01T00:00:00Z", "attributes": {}}
    return json.dumps({"message": told, "subscription": "projects/p/subscriptions/s"}).encode()


def push(to: Served, token: str, content: Mapping[str, Any], message: str) -> None:
    """Posts an envelope. AssertionError unless it is acknowledged."""
    headers = {"Content-Type": "application/json"}
    answer = call("POST", to.url, token=token, body=envelope(content, message), headers=headers)
    if answer.status != 204:
        raise AssertionError(f"{to.name} answers {answer.status}: {answer.body[:500]!r}")
