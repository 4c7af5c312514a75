"""Secrets are named, never passed by value."""

from pathlib import Path

import pytest

from shared.adapters.secret_manager import read_secret
from shared.errors import Transient


def test_a_file_on_a_developers_machine(tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text("the secret\n")

    assert read_secret(f"file://{kept}") == "the secret"


def test_a_secret_that_cannot_be_read_may_be_there_later_and_its_place_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(Transient) as unread:
        read_secret(f"file://{tmp_path}/nothing")

    assert str(tmp_path) not in str(unread.value)


@pytest.mark.parametrize("reference", ["the secret itself", "", "/etc/passwd", "https://example/secret"])
def test_anything_else_is_refused_without_being_quoted(reference: str) -> None:
    with pytest.raises(ValueError, match="a secret is named by") as refused:
        read_secret(reference)

    assert not reference or reference not in str(refused.value)
