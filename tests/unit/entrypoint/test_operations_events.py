"""What operators see of events that the CRM does not have, and what they do about them (F49, R76)."""

from datetime import timedelta
from typing import Any

import flask
import msgspec
import pytest

from shared.domain import keys
from shared.domain.events_attention import DOWN_FOR, events_attention
from shared.domain.receiver import FAILURES
from shared.domain.session import Role, Session
from shared.domain.waiting_event import GIVEN_UP_AFTER
from shared.entrypoint.http import Gate, serve
from shared.entrypoint.operations_events import EventOperations
from shared.ports.store import Query
from tests.unit.entrypoint.requests import content, error, request
from tests.unit.usecases.post_office import OPERATOR, PostOffice, event

ONE, TWO = event(1), event(2)


class Desk(PostOffice):
    """The deployment, and somebody who asks; an operator unless told otherwise."""

    def ask(self, method: str, path: str, body: object = None, role: Role = Role.OPERATOR) -> flask.Response:
        session = Session(OPERATOR, frozenset(), role)
        gate = Gate(lambda _: session, frozenset(), self.clock.now)
        sent = None if body is None else msgspec.json.encode(body)
        return serve(request(method, path, body=sent), EventOperations(self.operating).routes, lambda: gate)

    def seen(self) -> Any:
        return content(self.ask("GET", "/events"))

    def needs(self) -> list[str]:
        return [need.code for need in events_attention(self.status(), self.clock.now())]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_all_is_well_where_nothing_waits(desk: Desk) -> None:
    receiver = {"state": "up", "since": None, "reason": None}

    assert desk.seen() == {"receiver": receiver, "waiting": 0, "oldest": None, "undelivered": 0}
    assert desk.needs() == []


def test_f49_a_receiver_that_is_down_is_shown_with_what_waits_and_needs_somebody_if_that_lasts(desk: Desk) -> None:
    desk.webhook.status, began = 503, desk.clock.now()
    for number in range(FAILURES + 3):
        desk.announce(event(number))

    seen = desk.seen()
    assert seen["receiver"] == {
        "state": "down",
        "since": began.isoformat().replace("+00:00", "Z"),
        "reason": "status 503",
    }
    assert (seen["waiting"], seen["oldest"]) == (FAILURES + 3, seen["receiver"]["since"])
    assert desk.needs() == []
    desk.clock.advance(seconds=DOWN_FOR.total_seconds())

    assert desk.needs() == ["events_down"]


def test_f49_after_410_an_operator_enables_the_receiver_which_is_remembered(desk: Desk) -> None:
    desk.webhook.status = 410
    desk.announce(ONE)
    assert (desk.seen()["receiver"]["state"], desk.needs()) == ("disabled", ["events_disabled"])

    answer = desk.ask("POST", "/events/enable", {})

    assert (answer.status_code, content(answer)["receiver"]["state"]) == (202, "up")
    (line,) = desk.store.find(Query(keys.ACTS))
    assert (line.value.by, line.value.act, line.value.at) == (OPERATOR, "receiver_enabled", desk.clock.now())
    desk.webhook.status = 204
    desk.tick(minutes=1)
    assert desk.taken() == [ONE.id]


def test_f49_undelivered_events_are_listed_page_by_page_and_replayed_by_id_or_all(desk: Desk) -> None:
    desk.webhook.status = 410
    for one in (ONE, TWO):
        desk.announce(one)
        desk.clock.advance(seconds=1)
    desk.tick(seconds=GIVEN_UP_AFTER.total_seconds())
    assert desk.needs() == ["events_disabled", "events_undelivered"]

    first = content(desk.ask("GET", "/events/undelivered?limit=1"))
    (rest,) = content(desk.ask("GET", f"/events/undelivered?limit=1&cursor={first['next_cursor']}"))["items"]

    assert sorted([first["items"][0]["id"], rest["id"]]) == [ONE.id, TWO.id]
    assert set(rest) == {"id", "type", "location", "since", "attempts", "reason", "undelivered_at", "forgotten_at"}
    assert content(desk.ask("POST", "/events/replay", {"events": [TWO.id, "unheard"]})) == {"replayed": 1}
    assert desk.seen()["undelivered"] == 1
    desk.clock.advance(seconds=1)
    assert content(desk.ask("POST", "/events/replay", {})) == {"replayed": 1}
    assert (desk.seen()["undelivered"], desk.seen()["waiting"]) == (0, 2)
    assert [line.value.act for line in desk.store.find(Query(keys.ACTS))] == ["events_replayed"] * 2


def test_a_replay_gives_the_events_another_five_days(desk: Desk) -> None:
    desk.webhook.status = 410
    desk.announce(ONE)
    desk.tick(seconds=GIVEN_UP_AFTER.total_seconds())
    desk.replay()

    desk.tick(seconds=(GIVEN_UP_AFTER - timedelta(seconds=1)).total_seconds())
    assert desk.seen()["undelivered"] == 0
    desk.tick(seconds=1)

    assert desk.seen()["undelivered"] == 1


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.SERVICE])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/events"), ("GET", "/events/undelivered"), ("POST", "/events/enable"), ("POST", "/events/replay")],
)
def test_nobody_but_operators_is_let_in(desk: Desk, role: Role, method: str, path: str) -> None:
    answer = desk.ask(method, path, {} if method == "POST" else None, role)

    assert (answer.status_code, error(answer)["code"]) == (403, "forbidden")


@pytest.mark.parametrize("body", [{"events": "all"}, {"events": ["x"] * 101}, {"other": 1}, []])
def test_a_replay_that_is_not_as_described_is_refused(desk: Desk, body: object) -> None:
    assert desk.ask("POST", "/events/replay", body).status_code == 400
