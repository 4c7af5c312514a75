"""Events to the CRM's receiver: signed, and brought in the end whatever the receiver does (R75, F49, T26)."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest

from tests.e2e.driver import Office, call, new_id, ok, until
from tests.sandbox.stack import Stack

HOUR_S = 3_600
QUARTER_S = 1_000
"""Longer than the longest distance between two tries of a receiver that is down."""


class Desk:
    """The receiver, what an office's events are, and an operator."""

    def __init__(self, stack: Stack, office: Office) -> None:
        self.office, self.receiver = office, stack.endpoints.events
        self._operations = stack.endpoints.functions["operations"]
        self._token = stack.endpoints.token("olga", [], "operator", expires_s=30 * 24 * HOUR_S)

    def fails(self, **how: object) -> None:
        ok(call("POST", f"{self.receiver}/control/faults", body=[how]), "faults")

    def mended(self) -> None:
        ok(call("DELETE", f"{self.receiver}/control/faults"), "mend")

    def came(self, way: str = "webhook") -> list[dict[str, Any]]:
        items = ok(call("GET", f"{self.receiver}/{way}"), "events")["items"]
        return [one for one in items if one["location"] == self.office.location]

    def names(self, way: str = "webhook") -> list[str]:
        return sorted(one["id"] for one in self.came(way))

    def tries(self) -> list[dict[str, Any]]:
        return list(ok(call("GET", f"{self.receiver}/tries"), "tries")["items"])

    def operations(self, method: str, path: str, body: object = None) -> Any:
        return ok(call(method, f"{self._operations}{path}", token=self._token, body=body), path)

    def status(self) -> Any:
        return self.operations("GET", "/events")

    def pass_time(self, seconds: float) -> None:
        """The clock moves, then the timer runs."""
        self.office.gmail.advance(seconds)
        self.office.endpoints.run_schedule("reconcile_mailboxes")

    def probes(self, seconds: float) -> int:
        """As `pass_time`; how many tries that brought, one at least."""
        before = len(self.tries())
        self.pass_time(seconds)
        return until(lambda: len(self.tries()) - before, what="a probe")

    def arrives(self, count: int) -> None:
        """So many mails come and are stored, each an event."""
        before = len(self.came("topic"))
        for number in range(count):
            self.office.arrives(f"Mail {number}")
        until(lambda: len(self.came("topic")) == before + count, what="the events on the topic")

    def recovered(self) -> None:
        """Nothing waits any more; the receiver is well."""

        def look() -> bool:
            self.pass_time(QUARTER_S)
            seen = self.status()
            return bool(seen["receiver"]["state"] == "up" and not seen["waiting"])

        until(look, every_s=0.3, what="the end of all waiting")


@pytest.fixture
def desk(stack: Stack, office: Office) -> Iterator[Desk]:
    made = Desk(stack, office)
    until(lambda: made.came() and made.names() == made.names("topic"), what="the connection's event, both ways")
    yield made
    made.mended()
    made.operations("POST", "/events/enable", {})
    made.recovered()


def test_R75_the_same_events_come_by_webhook_and_on_the_topic(desk: Desk) -> None:
    desk.arrives(2)

    until(lambda: desk.names() == desk.names("topic"), what="the webhooks")
    assert sorted(desk.came(), key=itemgetter("id")) == sorted(desk.came("topic"), key=itemgetter("id"))


def test_f49_a_receiver_that_is_down_for_three_days_gets_every_event_once_under_its_own_id(desk: Desk) -> None:
    desk.fails(status=500)
    desk.arrives(7)
    until(lambda: desk.status()["receiver"]["state"] == "down" and desk.status()["waiting"] >= 7, what="the outage")
    for _ in range(6):
        assert desk.probes(12 * HOUR_S) <= 2, "few tries, however many wait"
    assert len(desk.names()) == 1

    desk.mended()
    desk.recovered()

    assert desk.names() == desk.names("topic")
    taken = [one["id"] for one in desk.tries() if one["status"] == 204 and desk.office.location in one["id"]]
    assert len(taken) == len(set(taken)), "each of them once"


def test_f49_a_redirect_is_a_failure_and_the_event_comes_later(desk: Desk) -> None:
    desk.fails(status=301, times=1)
    desk.arrives(1)
    until(lambda: desk.status()["waiting"], what="the waiting event")

    desk.recovered()

    assert desk.names() == desk.names("topic")


def test_f49_410_ends_all_webhooks_until_an_operator_enables_them(desk: Desk) -> None:
    desk.fails(status=410, times=1)
    desk.arrives(1)
    until(lambda: desk.status()["receiver"]["state"] == "disabled", what="the answer 410")
    desk.arrives(1)
    until(lambda: desk.status()["waiting"] >= 2, what="the waiting events")
    desk.pass_time(12 * HOUR_S)
    assert desk.status()["receiver"]["state"] == "disabled"
    assert len(desk.names()) == 1

    desk.operations("POST", "/events/enable", {})
    desk.recovered()

    assert desk.names() == desk.names("topic")


def test_f49_a_receiver_that_is_slow_gets_its_event_and_other_events_do_not_wait_for_it(desk: Desk) -> None:
    desk.fails(delay_ms=500, times=1)
    desk.arrives(3)

    until(lambda: desk.names() == desk.names("topic"), what="all events")


def test_t26_the_receiver_refuses_what_is_not_signed_with_the_shared_secret(desk: Desk) -> None:
    event = {
        "id": new_id("e"),
        "type": "message.stored",
        "location": desk.office.location,
        "occurred_at": "",
        "data": {},
    }
    before = desk.names()

    made_up = {"webhook-id": "made-up", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    for headers in ({}, made_up):
        assert call("POST", f"{desk.receiver}/webhook", body=event, headers=headers).status == 401

    assert desk.names() == before


def test_f47_a_push_that_is_no_event_is_acknowledged_and_brings_about_nothing(desk: Desk, stack: Stack) -> None:
    before = desk.tries()

    for data in ("bm8gSlNPTg==", "e30=", "eyJpZCI6ICJ1bmhlYXJkIn0="):
        body = {"message": {"data": data, "messageId": "1"}}
        assert call("POST", f"{stack.plan.url('relay')}/push/deliver_events/events", body=body).status == 204

    assert desk.tries() == before
