"""The receiver of the product's events."""

from tests.client.wire import call, ok, until
from tests.e2e.driver import new_id
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
