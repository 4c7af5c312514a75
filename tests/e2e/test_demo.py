"""The demonstration, on mails of the reader's own."""

import json
import shutil
from pathlib import Path

import pytest

from tests.sandbox.demo import OWN_MAIL, WENT_WELL, WENT_WRONG, demo


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("Message-ID: <tea@somewhere.example>\n", "in the same thread."),
        ("", "in a new thread, since that mail has no Message-ID."),
    ],
)
def test_a_mail_of_the_readers_own_is_played_to_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, where: str
) -> None:
    path = tmp_path / "mine.eml"
    path.write_text(f"From: Zoe <zoe@somewhere.example>\nTo: me@home.example\nSubject: Tea?\n{more}\nAt five.\n")

    assert demo(path) == WENT_WELL

    told = capsys.readouterr().out
    assert "1 contact was made of the From addresses" in told
    assert "mine  stored    with zoe@somewhere.example" in told
    assert 'answers "Tea?" from the CRM: sent' in told
    assert f"Gmail has it under Sent once, {where}" in told
    assert "zoe@somewhere.example writes back: in the same conversation and thread." in told


def test_mail_that_leaves_nothing_to_answer_does_not_end_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nobody.eml").write_text("Subject: From nobody\n\nHello\n")
    (tmp_path / "garbage.eml").write_bytes(b"\x00\xff\xfe garbage \n\n\n")

    assert demo(tmp_path) == WENT_WRONG

    told = capsys.readouterr().out
    assert "nobody   left out  R35" in told
    assert "2 left out." in told


def test_a_mail_that_does_not_end_as_expected_is_told_with_the_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(OWN_MAIL / "plain.eml", tmp_path)
    expected = json.loads((OWN_MAIL / "plain.json").read_text())
    (tmp_path / "plain.json").write_text(json.dumps({**expected, "rule": "R99"}))

    assert demo(tmp_path) == WENT_WRONG

    assert "plain: rule is 'R12', not 'R99'." in capsys.readouterr().out
