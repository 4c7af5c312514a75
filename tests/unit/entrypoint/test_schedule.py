"""Scheduled runs: counts, or a failure that brings the schedule's own retry."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from shared.entrypoint import schedule
from shared.errors import Transient
from tests.unit.entrypoint.requests import content, error, request

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_a_run_answers_and_logs_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    answer = schedule.run(request("POST", "/", body=b"{}"), lambda: NOW, lambda: {"renewed": 3, "failed": 0})
    assert (answer.status_code, content(answer)) == (200, {"renewed": 3, "failed": 0})
    assert msgspec.json.decode(capsys.readouterr().out)["counts"] == {"renewed": 3, "failed": 0}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_a_post_runs_anything(method: str) -> None:
    ran: list[str] = []

    def work() -> Mapping[str, int]:
        ran.append(method)
        return {}

    answer = schedule.run(request(method, "/"), lambda: NOW, work)
    assert (answer.status_code, answer.headers["Allow"], ran) == (405, "POST", [])


@pytest.mark.parametrize(("failure", "status"), [(Transient("canary"), 503), (RuntimeError("canary"), 500)])
def test_T29_a_run_that_failed_says_so_and_no_more(
    failure: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> Mapping[str, int]:
        raise failure

    answer = schedule.run(request("POST", "/", body=b"{}"), lambda: NOW, work)
    assert answer.status_code == status
    error(answer)
    assert b"canary" not in answer.get_data()
    assert "canary" not in capsys.readouterr().out
