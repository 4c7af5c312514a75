"""One trace from a request to its lines and to what it publishes, whichever door it came in by."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import flask
import msgspec
import pytest
from werkzeug.datastructures import Headers

from shared.domain.identifiers import NO_TRACE, LocationId, TraceId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint import http, inbound_mail, push, redirect, schedule, tracing
from shared.entrypoint.answers import Answer
from shared.errors import GrantLost, Rejected, Remedy, Transient
from shared.ports.inbound_mail import Arrival
from tests.fakes.clock import FakeClock
from tests.unit.entrypoint.lines import ID, ORIGIN, OTHER, PARENT, SPAN, lines, named, written_by
from tests.unit.entrypoint.requests import error, request

CLOCK = FakeClock()
ALL_ROLES = frozenset(Role)
Run = Callable[[], Any]
HOSTILE = f'00-{ID}-00f067aa0ba902b7-01\r\n{{"severity":"ALERT","canary":1}}'


@pytest.fixture(autouse=True)
def _origin() -> Iterator[None]:
    with written_by(ORIGIN):
        yield


def by_http(headers: Mapping[str, str], run: Run) -> flask.Response:
    session = Session(UserId("ada"), frozenset({LocationId("here")}), Role.USER)
    gate = http.Gate(lambda _: session, frozenset(), CLOCK.now)

    def ran(_: http.Call) -> Answer:
        run()
        return Answer(202, {"id": "m1"}, told={"entry": "m1"})

    route = http.Route("GET", "/locations/{location}/messages/{message}", ran, ALL_ROLES)
    asked = request("GET", "/locations/here/messages/m1", headers=headers)
    return http.serve(asked, lambda: [route], lambda: gate)


def by_push(headers: Mapping[str, str], run: Run) -> flask.Response:
    return pushed(headers, run)


def pushed(headers: Mapping[str, str], run: Run, attributes: object = None, content: object = None) -> flask.Response:
    message = {"data": base64.b64encode(msgspec.json.encode(content or {"entry": "e1"})).decode(), "messageId": "7"}
    body = msgspec.json.encode({"message": {**message, **({"attributes": attributes} if attributes else {})}})

    def ran(_: push.Pushed) -> Mapping[str, object]:
        run()
        return {"outcome": "sent"}

    gate = push.PushGate(lambda _: None, CLOCK.now)
    return push.receive(request("POST", "/", body=body, headers=headers), lambda: gate, ran)


def by_schedule(headers: Mapping[str, str], run: Run) -> flask.Response:
    def work() -> Mapping[str, int]:
        run()
        return {"sends": 1}

    return schedule.run(request("POST", "/", body=b"{}", headers=headers), CLOCK.now, work)


def by_redirect(headers: Mapping[str, str], run: Run) -> flask.Response:
    def ran(_: object) -> str:
        run()
        return "https://crm.example/"

    return redirect.receive(request("GET", "/?state=s&code=c", headers=headers), CLOCK.now, ran)


class _Open:
    def open(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Arrival:
        return Arrival("one", "", (), body, "mx")


def by_mail(headers: Mapping[str, str], run: Run) -> flask.Response:
    def ran(_: Arrival) -> Mapping[str, object]:
        run()
        return {"filed": 1}

    door = inbound_mail.Door({"/raw": _Open()}, CLOCK.now)
    return inbound_mail.receive(request("POST", "/raw", body=b"a", headers=headers), lambda: door, ran)


DOORS = [by_http, by_push, by_schedule, by_redirect, by_mail]
door = pytest.mark.parametrize("door", DOORS, ids=lambda one: one.__name__)


@door
@pytest.mark.parametrize("headers", [{"traceparent": PARENT}, {"X-Cloud-Trace-Context": f"{ID}/7;o=1"}], ids=str)
def test_a_request_is_logged_under_its_own_trace(
    door: Any, headers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    carried: list[str] = []
    door(headers, lambda: carried.append(tracing.carried(NO_TRACE)))
    (line,) = lines(capsys.readouterr().out)
    assert named(line) == ID
    assert "run" not in line
    assert carried == [f"00-{ID}-{line[SPAN]}-01"]
    assert line["correlation_id"] == line[SPAN]


@door
def test_one_without_a_trace_gets_a_new_one_each_time(door: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        door({}, lambda: None)
    told = lines(capsys.readouterr().out)
    assert len({named(line) for line in told}) == len({line[SPAN] for line in told}) == 3
    assert all(len(named(line)) == 32 for line in told)


@door
@pytest.mark.parametrize("header", ["traceparent", "X-Cloud-Trace-Context"])
def test_T28_a_forged_trace_gets_nothing_into_the_log(
    door: Any, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for forged in (f"00-{'g' * 32}-00f067aa0ba902b7-01", f"{ID}/canary", f"{ID} canary", "canary" * 1_000):
        door({header: forged}, lambda: None)
    told = lines(capsys.readouterr().out)
    assert len(told) == 4
    assert not [line for line in told if "canary" in json.dumps(line) or named(line) == ID]


@door
@pytest.mark.parametrize(
    "failure",
    [
        Transient("store: Unavailable"),
        GrantLost(Remedy.RECONNECT, "invalid_grant"),
        Rejected("not_found", "canary"),
        RuntimeError("canary"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_T29_the_correlation_id_of_an_error_finds_its_line_and_its_trace(
    door: Any, failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> None:
        raise failure

    answer = door({"traceparent": PARENT}, run)
    text = capsys.readouterr().out
    assert "canary" not in text
    told = lines(text)
    assert {named(line) for line in told} == {ID}
    if answer.status_code >= 400:
        assert {line["correlation_id"] for line in told} == {error(answer)["correlation_id"]}
    if isinstance(failure, RuntimeError):
        assert (told[0]["severity"], told[0]["error"]) == ("ERROR", "RuntimeError")


def test_a_request_tells_its_route_its_caller_and_the_ids_of_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    by_http({}, lambda: None)
    (line,) = lines(capsys.readouterr().out)
    told = {name: line[name] for name in ("message", "method", "route", "role", "user", "location", "ids", "status")}
    assert told == {
        "message": "request",
        "method": "GET",
        "route": "/locations/{location}/messages/{message}",
        "role": "user",
        "user": "ada",
        "location": "here",
        "ids": {"message": "m1"},
        "status": 202,
    }
    assert line["entry"] == "m1"


def test_a_location_that_the_caller_may_not_name_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(UserId("ada"), frozenset({LocationId("here")}), Role.USER)
    gate = http.Gate(lambda _: session, frozenset(), CLOCK.now)
    route = http.Route("GET", "/locations/{location}", lambda _: Answer(), ALL_ROLES)
    for method, path in (("GET", "/locations/canary"), ("CANARY", "/locations/here"), ("GET", "/canary?canary=1")):
        http.serve(request(method, path), lambda: [route], lambda: gate)
    text = capsys.readouterr().out
    assert "canary" not in text.lower()
    assert [(line["message"], line["code"]) for line in lines(text)] == [("refused", "not_found")] * 3


def test_T29_an_answer_that_cannot_be_written_is_a_bug_in_our_own_shape(capsys: pytest.CaptureFixture[str]) -> None:
    class Canary:
        """Nothing that JSON could hold."""

    session = Session(UserId("ada"), frozenset({LocationId("here")}), Role.USER)
    gate = http.Gate(lambda _: session, frozenset(), CLOCK.now)
    route = http.Route("GET", "/locations/{location}", lambda _: Answer(200, {"x": Canary()}), ALL_ROLES)
    answer = http.serve(request("GET", "/locations/here"), lambda: [route], lambda: gate)
    assert (answer.status_code, error(answer)["code"]) == (500, "internal")
    assert lines(capsys.readouterr().out)[0]["message"] == "request failed"


def test_a_messages_trace_goes_before_its_push_and_the_line_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    carried: list[str] = []
    attributes = {"traceparent": f"00-{OTHER}-00f067aa0ba902b7-01"}
    pushed({"traceparent": PARENT}, lambda: carried.append(tracing.carried(NO_TRACE)), attributes)
    (line,) = lines(capsys.readouterr().out)
    assert (named(line), line["run"]) == (OTHER, ID)
    assert (line["message"], line["push"], line["entry"], line["outcome"]) == ("push", "7", "e1", "sent")
    assert carried == [f"00-{OTHER}-{line[SPAN]}-01"]


@pytest.mark.parametrize(
    "attributes", [{"traceparent": HOSTILE}, {"traceparent": 7}, {"traceparent": None}, {"other": "x"}, ["x"], "x", 5]
)
def test_attributes_that_are_no_trace_change_nothing(attributes: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert pushed({"traceparent": PARENT}, lambda: None, attributes).status_code == 204
    (line,) = lines(capsys.readouterr().out)
    assert (line["message"], named(line), "run" in line) == ("push", ID, False)


@pytest.mark.parametrize("failure", [Transient("store: Unavailable"), RuntimeError("canary")])
def test_a_push_that_failed_still_tells_what_it_was_about(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> None:
        raise failure

    attributes = {"traceparent": f"00-{OTHER}-00f067aa0ba902b7-01"}
    pushed({"traceparent": PARENT}, run, attributes, {"entry": "e1", "mailbox": "m1", "id": "event:1"})
    (line,) = lines(capsys.readouterr().out)
    assert (named(line), line["push"], line["entry"], line["mailbox"], line["event"]) == (
        OTHER, "7", "e1", "m1", "event:1",
    )  # fmt: skip


def test_T28_the_address_in_a_notification_of_gmails_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    pushed({}, lambda: None, None, {"emailAddress": "canary@agency.example", "historyId": 7, "id": "canary@x"})
    assert "canary" not in capsys.readouterr().out


def test_what_belongs_to_another_trace_travels_under_that_one() -> None:
    span = tracing.begin(Headers([("traceparent", PARENT)]))
    assert tracing.carried(TraceId(OTHER)) == f"00-{OTHER}-{span}-00"
    assert tracing.carried(TraceId(ID)) == tracing.carried(NO_TRACE) == f"00-{ID}-{span}-01"
    assert tracing.trace_id() == ID


def test_outside_of_any_request_nothing_travels_but_a_trace_that_is_given() -> None:
    with ThreadPoolExecutor(1) as outside:
        assert outside.submit(tracing.carried, NO_TRACE).result() == ""
        assert outside.submit(tracing.trace_id).result() == ""
        assert outside.submit(tracing.carried, TraceId(OTHER)).result().startswith(f"00-{OTHER}-")


def test_requests_of_one_thread_and_of_two_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(2) as threads:
        traces = [f"{number:032x}" for number in range(1, 101)]
        asked = [{"traceparent": f"00-{trace}-00f067aa0ba902b7-00"} for trace in traces]
        list(threads.map(lambda headers: by_schedule(headers, lambda: None), asked))
    assert sorted(named(line) for line in lines(capsys.readouterr().out)) == traces
