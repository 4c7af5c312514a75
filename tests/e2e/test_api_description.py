"""The examples of functions/README.md, run as they stand there: what they answer is what is written below them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.plan import REPOSITORY
from tests.sandbox.stack import Stack

BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWER_BEGINS = "--- answer"


@pytest.fixture
def desk(stack: Stack, tmp_path: Path) -> Path:
    """A folder as the examples expect it: the stack's `.run` and a file to send."""
    (tmp_path / ".run").mkdir()
    shutil.copy(stack.plan.run_dir / "endpoints.json", tmp_path / ".run")
    shutil.copy(REPOSITORY / "README.md", tmp_path)
    return tmp_path


def shape(example: Any) -> Any:
    """Which keys are where; values may differ."""
    if isinstance(example, dict):
        return {name: shape(value) for name, value in example.items()}
    return [shape(one) for one in example[:1]] if isinstance(example, list) else None


def test_every_example_answers_what_is_written_below_it(desk: Path) -> None:
    blocks = BLOCK.findall((REPOSITORY / "functions" / "README.md").read_text())
    expected = [json.loads(text) for kind, text in blocks if kind == "json"]
    script = [text if kind == "sh" else "" for kind, text in blocks]
    for at, (kind, _) in enumerate(blocks):
        if kind == "json":
            script[at - 1] = f"echo '{ANSWER_BEGINS}'\n{script[at - 1]}"

    done = subprocess.run(
        ["/bin/bash", "-e", "-c", "\n".join(script)], cwd=desk, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    answers = [json.loads(text) for text in done.stdout.split(ANSWER_BEGINS)[1:]]
    assert len(expected) > 4
    assert [shape(answer) for answer in answers] == [shape(example) for example in expected]
