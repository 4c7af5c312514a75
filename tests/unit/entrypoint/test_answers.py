"""Every outcome as an answer: one shape for all failures, and nothing in it that is not meant for the caller."""

from datetime import UTC, datetime, timedelta

import flask
import pytest

from shared.entrypoint.answers import RETRY_SECONDS, Answer, Page, refusal, response
from shared.errors import CODES, Conflict, GrantLost, Rejected, Remedy, Transient
from tests.unit.entrypoint.requests import content, error

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

CONTRACT = {
    "invalid_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "reauth_required": 409,
    "not_connected": 409,
    "already_connected": 409,
    "mailbox_in_use": 409,
    "different_mailbox": 409,
    "thread_claimed": 409,
    "not_retryable": 409,
    "code_expired": 410,
    "too_large": 413,
    "no_contact": 422,
    "idempotency_key_reused": 422,
    "invalid_policy": 422,
    "too_many_recipients": 422,
    "daily_limit_reached": 429,
    "internal": 500,
    "unavailable": 503,
}


def refused(failure: Exception) -> flask.Response:
    return response(refusal(failure, correlation_id="0123456789abcdef", now=NOW))


def test_the_codes_are_those_of_the_contract() -> None:
    assert {code: status for code, (status, _) in CODES.items()} == CONTRACT


@pytest.mark.parametrize("code", CODES)
def test_T29_every_code_has_its_status_and_the_one_shape(code: str) -> None:
    made = refused(Rejected(code, "What is wrong."))
    assert made.status_code == CODES[code][0]
    assert error(made) == {
        "code": code,
        "message": "What is wrong.",
        "action": CODES[code][1],
        "correlation_id": "0123456789abcdef",
        "details": {},
    }


def test_a_rejection_may_say_better_what_to_do() -> None:
    told = error(refused(Rejected("not_retryable", "It was sent.", action="Nothing.", details={"status": "sent"})))
    assert (told["action"], told["details"]) == ("Nothing.", {"status": "sent"})


@pytest.mark.parametrize(
    ("remedy", "problem"), [(Remedy.RECONNECT, "reauth_required"), (Remedy.ADMINISTRATOR, "blocked")]
)
def test_R06_a_lost_grant_is_a_409_without_googles_words(remedy: Remedy, problem: str) -> None:
    made = refused(GrantLost(remedy, "invalid_grant: canary"))
    told = error(made)
    assert (made.status_code, told["code"], told["details"]) == (409, "reauth_required", {"problem": problem})
    assert b"canary" not in made.get_data()


@pytest.mark.parametrize(
    ("retry_at", "seconds"),
    [(None, RETRY_SECONDS), (NOW + timedelta(seconds=61, milliseconds=1), 62), (NOW - timedelta(hours=1), 1)],
)
def test_what_may_work_later_says_when(retry_at: datetime | None, seconds: int) -> None:
    made = refused(Transient("store: canary", retry_at=retry_at))
    assert (made.status_code, error(made)["code"]) == (503, "unavailable")
    assert made.headers["Retry-After"] == str(seconds)
    assert b"canary" not in made.get_data()


def test_R54_a_limit_says_when_it_frees() -> None:
    retry_at = NOW + timedelta(minutes=5)
    made = refused(Rejected("daily_limit_reached", "500 sent.", details={"limit": 500, "retry_at": retry_at}))
    assert error(made)["details"] == {"limit": 500, "retry_at": "2026-11-02T09:05:00Z"}
    assert made.headers["Retry-After"] == "300"


@pytest.mark.parametrize("failure", [ValueError("canary"), KeyError("canary"), Conflict("canary"), RecursionError()])
def test_T29_a_bug_says_nothing_of_itself(failure: Exception) -> None:
    made = refused(failure)
    assert (made.status_code, error(made)["code"]) == (500, "internal")
    assert b"canary" not in made.get_data()


def test_an_answer_is_json_unless_it_is_bytes_or_nothing() -> None:
    page = response(Answer(201, Page([{"at": NOW}], None), {"Location": "/x"}))
    assert (page.status_code, page.headers["Location"]) == (201, "/x")
    assert content(page) == {"items": [{"at": "2026-11-02T09:00:00Z"}], "next_cursor": None}
    nothing = response(Answer(204))
    assert (nothing.status_code, nothing.get_data()) == (204, b"")
    blocks = response(Answer(headers={"Content-Type": "image/png", "Cache-Control": "private"}, blocks=[b"a", b"b"]))
    assert (blocks.get_data(), blocks.mimetype, blocks.headers["Cache-Control"]) == (b"ab", "image/png", "private")
    assert blocks.headers["X-Content-Type-Options"] == "nosniff"
