"""A function as the framework serves it, at its most talkative: what it prints are lines of ours, without a mail."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.client.wire import call, until
from tests.contract.leaking_function import CANARY
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.ports import choose
from tests.unit.entrypoint.lines import ID, LABELS, PARENT, lines, named

TALKATIVE = {
    "GUNICORN_LOG_LEVEL": "debug",
    "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google",
    "GOOGLE_CLOUD_PROJECT": "demo",
    "K_SERVICE": "leaking",
    "K_REVISION": "leaking-00001-abc",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Where it listens, and all that it prints, stderr too."""
    log, (port,) = tmp_path_factory.mktemp("logs") / "log", choose(["leaking"], None).values()
    source = str(Path(__file__).with_name("leaking_function.py"))
    command = [sys.executable, "-m", "tests.benchmarks.function_server", source, "leaking", str(port), "2"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, **TALKATIVE}, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"

    def up() -> bool:
        try:
            return call("GET", url).status == 405
        except urllib3.exceptions.HTTPError:
            assert process.poll() is None, log.read_text()
            return False

    try:
        until(up, what="the function")
        yield url, log
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("", {"RuntimeError"}),
        ("/escape", {"ValueError"}),
        ("/stream", {"LookupError"}),
        ("/urllib3", {"MaxRetryError"}),
    ],
)
def test_T28_whatever_fails_is_a_line_with_its_kind_and_place_and_no_text(
    served: tuple[str, Path], path: str, kinds: set[str]
) -> None:
    url, log = served
    before = len(log.read_text())
    try:
        call("POST", f"{url}{path}?{CANARY}", body=CANARY.encode(), headers={"X-Canary": CANARY, "traceparent": PARENT})
    except urllib3.exceptions.HTTPError:
        assert path == "/stream", "only a stream breaks off"

    def told() -> set[str]:
        found = lines(log.read_text()[before:])
        return {line["error"] for line in found if "error" in line}

    assert until(lambda: told() >= kinds and told(), what=f"lines about {kinds}") == kinds
    text = log.read_text()
    assert CANARY not in text
    for line in lines(text):
        assert line[LABELS] == {"function": "leaking", "revision": "leaking-00001-abc"}
    if not path:
        assert {named(line) for line in lines(text[before:])} == {ID}


def test_T28_a_warning_is_a_line_without_its_text(served: tuple[str, Path]) -> None:
    url, log = served
    assert call("POST", f"{url}/warn").status == 204
    (line,) = [line for line in lines(log.read_text()) if line.get("logger") == "py.warnings"]
    assert (line["message"], line["severity"]) == ("library", "WARNING")
    assert CANARY not in log.read_text()
