"""The receiver of the product's events: as webhooks, signed, and from the topic."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.webhook_signature import secrets_of, signed_headers
from tests.client.wire import call, ok, until
from tests.e2e.driver import new_id
from tests.sandbox.settings import EVENTS_SECRET
from tests.sandbox.stack import Stack
from tests.sandbox_tests.pubsub import publish


def _event(location: str, number: int) -> dict[str, object]:
    at = f"2026-01-01T00:00:0{number}Z"
    return {"id": f"{location}:{number}", "type": "message.stored", "location": location, "occurred_at": at, "data": {}}


def test_events_are_kept_newest_last_and_one_that_comes_again_is_only_counted(stack: Stack) -> None:
    location = new_id("loc")
    one, two = _event(location, 1), _event(location, 2)
    before = _repeats(stack)

    publish(stack, "events", one)
    until(lambda: stack.endpoints.happened(location=location) == [one], what="the first event")
    publish(stack, "events", one, two)
    until(lambda: stack.endpoints.happened(location=location) == [one, two], what="both events, once each")

    until(lambda: _repeats(stack) == before + 1, what="the count of what came again")


def test_a_push_that_is_no_event_is_refused(stack: Stack) -> None:
    assert call("POST", f"{stack.endpoints.events}/push", body={"message": {"data": "e30="}}).status == 400
    assert call("POST", f"{stack.endpoints.events}/push", body=b"?").status == 400


def _repeats(stack: Stack) -> int:
    return int(ok(call("GET", f"{stack.endpoints.events}/repeats"), "repeats")["repeats"])


def _signed(stack: Stack, event: dict[str, object], *, ago: timedelta = timedelta()) -> tuple[dict[str, str], bytes]:
    keys = secrets_of((stack.plan.run_dir / "secrets" / EVENTS_SECRET).read_text())
    now = datetime.fromisoformat(stack.endpoints.control().advance(0)).astimezone(UTC)
    body = json.dumps(event).encode()
    return signed_headers(keys, str(event["id"]), body, at=now - ago), body


def _webhook(stack: Stack, headers: dict[str, str], body: bytes) -> int:
    return call("POST", f"{stack.endpoints.events}/webhook", body=body, headers=headers).status


def _listed(stack: Stack, way: str, location: str) -> list[dict[str, object]]:
    items = ok(call("GET", f"{stack.endpoints.events}/{way}"), way)["items"]
    return [one for one in items if one["location"] == location]


@pytest.fixture
def told(stack: Stack) -> Iterator[str]:
    """A location of the test's own; what the receiver was told to do wrong ends behind it."""
    yield new_id("loc")
    call("DELETE", f"{stack.endpoints.events}/control/faults")


def test_t26_a_webhook_counts_that_is_signed_and_fresh_once_however_often_it_comes(stack: Stack, told: str) -> None:
    event = _event(told, 1)
    headers, body = _signed(stack, event)

    assert [_webhook(stack, headers, body) for _ in range(2)] == [204, 204]

    assert _listed(stack, "webhook", told) == [event]
    assert _listed(stack, "topic", told) == []


def test_t26_a_webhook_that_was_altered_or_is_too_old_does_not_count(stack: Stack, told: str) -> None:
    headers, body = _signed(stack, _event(told, 1))
    old, old_body = _signed(stack, _event(told, 1), ago=timedelta(minutes=5, seconds=2))
    young, young_body = _signed(stack, _event(told, 1), ago=timedelta(minutes=-6))
    other = {**headers, "webhook-id": f"{told}:2"}
    tried = [(other, body), (headers, body + b" "), ({}, body), (old, old_body), (young, young_body)]

    assert [_webhook(stack, *one) for one in tried] == [401] * 5

    assert _listed(stack, "webhook", told) == []


def test_t26_a_webhook_whose_id_is_not_its_events_does_not_count(stack: Stack, told: str) -> None:
    event = _event(told, 1)
    headers, body = _signed(stack, {**event, "id": f"{told}:2"})
    mixed = json.dumps(event).encode()
    keys = secrets_of((stack.plan.run_dir / "secrets" / EVENTS_SECRET).read_text())
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)

    assert _webhook(stack, signed_headers(keys, f"{told}:2", mixed, at=at), mixed) == 400
    assert _webhook(stack, headers, body) == 204


def test_the_receiver_fails_as_it_is_told_and_shows_every_try(stack: Stack, told: str) -> None:
    headers, body = _signed(stack, _event(told, 1))
    control = f"{stack.endpoints.events}/control/faults"
    call("POST", control, body=[{"status": 503, "after": 1, "times": 1, "retry_after": "7"}])

    assert [_webhook(stack, headers, body) for _ in range(3)] == [204, 503, 204]

    tries = ok(call("GET", f"{stack.endpoints.events}/tries"), "tries")["items"]
    assert [one["status"] for one in tries if one["id"] == f"{told}:1"] == [204, 503, 204]
    assert call("POST", control, body=[{"at": "lunch"}]).status == 400
    assert call("POST", control, body={"status": 500}).status == 400


def test_a_webhook_that_was_under_way_while_a_test_moved_the_clock_still_counts(stack: Stack, told: str) -> None:
    headers, body = _signed(stack, _event(told, 1))
    stack.endpoints.control().advance(3_600)
    again, later = _signed(stack, _event(told, 2))

    assert [_webhook(stack, headers, body), _webhook(stack, again, later)] == [204, 204]
