"""Where the password of a mail provider is looked for, and where never."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import Refused, Transient
from shared.wiring import provider as wiring
from tests.unit.domain.test_provider import GOOD

OWN = replace(GOOD, password_secret="")


@pytest.fixture
def secrets(tmp_path: Path) -> str:
    (tmp_path / "smtp-abc_1").write_text("theirs\n")
    (tmp_path / "keyset.json").write_text("never")
    (tmp_path / "own").write_text("ours")
    wiring._read.cache_clear()
    return f"file://{tmp_path}"


def test_a_locations_password_is_the_secret_that_it_names(secrets: str) -> None:
    assert wiring._password(secrets, "", GOOD) == "theirs"


def test_the_deployments_password_is_its_own_secret(secrets: str) -> None:
    assert wiring._password(secrets, f"{secrets}/own", OWN) == "ours"


def test_T13_a_record_from_elsewhere_that_names_another_secret_gets_nothing(secrets: str) -> None:
    with pytest.raises(Refused, match="password"):
        wiring._password(secrets, "", replace(GOOD, password_secret="keyset.json"))


def test_no_password_is_a_refusal_and_a_secret_that_is_not_there_yet_is_waited_for(secrets: str) -> None:
    with pytest.raises(Refused, match="password"):
        wiring._password(secrets, "", OWN)
    with pytest.raises(Transient):
        wiring._password(secrets, "", replace(GOOD, password_secret="smtp-missing"))


def test_in_the_cloud_it_is_the_latest_version_of_a_secret_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def read(reference: str, _: int) -> str:
        asked.append(reference)
        return "x"

    monkeypatch.setattr(wiring, "_read", read)

    wiring._password("projects/p/secrets", "", GOOD)

    assert asked == ["projects/p/secrets/smtp-abc_1/versions/latest"]
