"""The demonstration, asked wrongly."""

from pathlib import Path

import pytest

from tests.sandbox_tests.launcher import ask


@pytest.mark.parametrize("what", ["missing", "empty_file", "empty_folder"])
def test_a_mail_that_cannot_be_had_is_named_in_one_sentence_before_anything_starts(tmp_path: Path, what: str) -> None:
    path = tmp_path / f"{what}.eml"
    if what == "empty_file":
        path.write_text(" \n")
    if what == "empty_folder":
        path.mkdir()

    refused = ask("demo", "--mail", str(path))

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert path.stem in refused.stderr
    assert refused.stdout == ""
