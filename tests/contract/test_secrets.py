"""Secrets are named, never passed by value."""

from pathlib import Path

import pytest

from shared.adapters.secret_manager import read_secret


def test_a_file_on_a_developers_machine(tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text("the secret\n")

    assert read_secret(f"file://{kept}") == "the secret"


@pytest.mark.parametrize("reference", ["the secret itself", "", "/etc/passwd", "https://example/secret"])
def test_anything_else_is_refused_without_being_quoted(reference: str) -> None:
    with pytest.raises(ValueError, match="a secret is named by") as refused:
        read_secret(reference)

    assert not reference or reference not in str(refused.value)
