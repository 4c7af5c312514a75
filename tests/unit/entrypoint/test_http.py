"""Who may call what: decided before any use case runs, the same for every route."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import flask
import msgspec
import pytest

from shared.domain.identifiers import LocationId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint.answers import Answer
from shared.entrypoint.http import JSON_BYTES, Call, Gate, Route, serve
from shared.errors import Rejected, Transient
from tests.unit.entrypoint.requests import content, error, request

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HERE, ELSEWHERE = LocationId("here"), LocationId("elsewhere")
READERS, USER = frozenset({Role.USER, Role.ADMIN}), frozenset({Role.USER})
CRM = "https://crm.example"


class Body(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Bench:
    """Two routes and the callers that may take them; `calls` are those that got through."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.failure: Exception | None = None
        self.routes: tuple[Route, ...] = (
            Route("GET", "/locations/{location}/things/{thing}", self.run, READERS, query=("a",)),
            Route("PUT", "/locations/{location}/things/{thing}", self.put, USER),
            Route("POST", "/locations/{location}/files", self.run, USER, max_bytes=1_000, own_body=True),
            Route("POST", "/locations/{location}/act", self.put, USER),
        )
        self.gate = Gate(self.authenticate, frozenset({CRM}), lambda: NOW)

    def authenticate(self, authorization: str) -> Session:
        match authorization.removeprefix("Bearer ").split("-"):
            case [role, *more] if role in set(Role):
                return Session(UserId("u1"), frozenset({HERE}), Role(role), impersonated="act" in more)
            case ["down"]:
                raise Transient("keys: canary")
            case ["bug"]:
                raise RuntimeError("canary")
        raise Rejected("unauthenticated", "A valid token is needed.")

    def run(self, call: Call) -> Answer:
        self.calls.append(call)
        if self.failure:
            raise self.failure
        return Answer(body={"path": dict(call.path), "query": dict(call.query)})

    def put(self, call: Call) -> Answer:
        self.calls.append(call)
        return Answer(body={"name": call.body(Body).name})

    def serve(self, method: str, path: str, who: str = "user", **more: Any) -> flask.Response:
        sent: Mapping[str, str] = more.pop("headers", {})
        headers = {**({"Authorization": f"Bearer {who}"} if who else {}), **sent}
        return serve(request(method, path, headers=headers, **more), lambda: self.routes, lambda: self.gate)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_call_brings_its_path_its_session_and_the_time(bench: Bench) -> None:
    answer = bench.serve("GET", "/locations/here/things/t-1?a=b")
    assert content(answer) == {"path": {"location": "here", "thing": "t-1"}, "query": {"a": "b"}}
    assert (bench.calls[0].location, bench.calls[0].session.user, bench.calls[0].now) == (HERE, "u1", NOW)


@pytest.mark.parametrize("path", ["/locations/here/things/t", "/locations/elsewhere/things/t", "/nowhere"])
@pytest.mark.parametrize("who", ["", "nobody"])
def test_T13_without_a_good_token_nothing_is_told_apart(bench: Bench, path: str, who: str) -> None:
    answer = bench.serve("GET", path, who)
    assert (answer.status_code, error(answer)["code"]) == (401, "unauthenticated")
    assert not bench.calls


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/locations/elsewhere/things/t"),
        ("PUT", "/locations/elsewhere/things/t"),
        ("GET", "/locations/here/others/t"),
        ("DELETE", "/locations/here/things/t"),
        ("GET", "/locations/here/things"),
        ("GET", "/locations/here/things/t/more"),
        ("GET", "/locations//things/t"),
        ("GET", "/locations/here/things/"),
        ("GET", "/locations/here/things/a%2Fb"),
        ("GET", "/locations/here/things/..%2F..%2Felsewhere"),
        ("GET", "/locations/here/things/a%00"),
        ("GET", "/locations/here/things/a%0A"),
        ("GET", "/locations/here/things/%C3%A9"),
        ("GET", "/locations/here/things/" + "x" * 129),
        ("GET", "/locations/here/things/__reserved__"),
        ("GET", "/locations/HERE/things/t"),
        ("GET", "/"),
    ],
)
def test_T13_what_may_not_be_seen_answers_as_what_is_not_there(bench: Bench, method: str, path: str) -> None:
    answer, missing = bench.serve(method, path, body=b"{}"), bench.serve("GET", "/nothing/here")
    assert answer.status_code == missing.status_code == 404
    assert error(answer) | {"correlation_id": ""} == error(missing) | {"correlation_id": ""}
    assert not bench.calls


def test_T13_a_token_for_elsewhere_is_told_nothing_of_its_role(bench: Bench) -> None:
    assert bench.serve("GET", "/locations/elsewhere/things/t", "service").status_code == 404
    answer = bench.serve("GET", "/locations/here/things/t", "service")
    assert (answer.status_code, error(answer)["code"]) == (403, "forbidden")
    assert not bench.calls


@pytest.mark.parametrize("who", [*Role])
@pytest.mark.parametrize(("method", "roles"), [("GET", {"user", "admin"}), ("PUT", {"user"})])
def test_T34_a_route_is_for_its_roles_only(bench: Bench, who: Role, method: str, roles: set[str]) -> None:
    answer = bench.serve(method, "/locations/here/things/t", who, body=b'{"name": "n"}')
    assert answer.status_code == (200 if who in roles else 403)


def test_R01_who_is_logged_in_as_the_user_may_only_read(bench: Bench) -> None:
    assert bench.serve("GET", "/locations/here/things/t", "user-act").status_code == 200
    answer = bench.serve("PUT", "/locations/here/things/t", "user-act", body=b'{"name": "n"}')
    assert (answer.status_code, error(answer)["code"]) == (403, "forbidden")
    assert len(bench.calls) == 1


def test_T14_without_the_keys_to_tell_nothing_is_answered(bench: Bench) -> None:
    answer = bench.serve("GET", "/locations/here/things/t", "down")
    assert (answer.status_code, error(answer)["code"]) == (503, "unavailable")
    assert not bench.calls


@pytest.mark.parametrize("who", ["user", "bug"])
def test_T29_the_text_of_a_bug_reaches_neither_caller_nor_log(
    bench: Bench, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.failure = RuntimeError("canary")
    answer = bench.serve("GET", "/locations/here/things/t", who)
    logged = capsys.readouterr()
    assert (answer.status_code, error(answer)["code"]) == (500, "internal")
    assert b"canary" not in answer.get_data()
    assert "canary" not in logged.out + logged.err
    line = msgspec.json.decode(logged.out)
    assert (line["severity"], line["error"]) == ("ERROR", "RuntimeError")
    assert line["correlation_id"] == error(answer)["correlation_id"]


def test_T28_a_refusal_is_logged_by_its_kind_alone(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.failure = Rejected("no_contact", "canary@customer.example is nobody")
    answer = bench.serve("GET", "/locations/here/things/t")
    assert error(answer)["code"] == "no_contact"
    assert "canary" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"name": 1}',
        b'{"name": "n", "more": 1}',
        b'{"name": "m", "name": "n"}',
        b"\xff",
        b'{"a":' * 100_000,
    ],
)
def test_T17_a_body_that_is_not_as_described_is_refused(bench: Bench, body: bytes) -> None:
    answer = bench.serve("PUT", "/locations/here/things/t", body=body)
    assert (answer.status_code, error(answer)["code"]) == (
        (400, "invalid_request") if len(body) < JSON_BYTES else (413, "too_large")
    )


def test_a_body_nested_too_deeply_is_refused(bench: Bench) -> None:
    answer = bench.serve("PUT", "/locations/here/things/t", body=b'{"more":' + b"[" * 100_000)
    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "things/t?b=c"), ("GET", "things/t?a=1&a=1"), ("PUT", "things/t?a=b"), ("POST", "files?a=b")],
)
def test_parameters_that_a_route_does_not_take_are_refused_before_it_runs(bench: Bench, method: str, path: str) -> None:
    answer = bench.serve(method, f"/locations/here/{path}", body=b'{"name": "n"}')
    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
    assert not bench.calls


def test_T13_who_may_not_call_is_told_nothing_of_the_parameters(bench: Bench) -> None:
    assert bench.serve("GET", "/locations/elsewhere/things/t?b=c").status_code == 404
    assert bench.serve("PUT", "/locations/here/things/t?b=c", "admin", body=b"{}").status_code == 403


@pytest.mark.parametrize(
    ("path", "method", "limit"), [("things/t", "PUT", JSON_BYTES), ("files", "POST", 1_000)], ids=["json", "files"]
)
def test_T33_too_large_a_body_is_refused_before_it_is_read(bench: Bench, path: str, method: str, limit: int) -> None:
    answer = bench.serve(method, f"/locations/here/{path}", body=b"", says=limit + 1)
    assert answer.status_code == 413
    assert error(answer)["details"] == {"size": limit + 1, "limit": limit}
    assert not bench.calls


def test_T33_a_body_that_hides_its_length_is_refused_where_json_is_expected(bench: Bench) -> None:
    answer = bench.serve("PUT", "/locations/here/things/t", body=b'{"name": "n"}', chunked=True)
    assert error(answer)["code"] == "invalid_request"
    assert not bench.calls


def test_T33_a_stream_is_cut_where_it_grows_too_large(bench: Bench) -> None:
    def read(call: Call) -> Answer:
        return Answer(body=sum(map(len, iter(lambda: call.request.stream.read(64), b""))))

    bench.routes = (Route("POST", "/files", read, frozenset(Role), max_bytes=1_000, own_body=True),)
    assert content(bench.serve("POST", "/files", body=b"x" * 999, chunked=True)) == 999
    answer = bench.serve("POST", "/files", body=b"x" * 1_001, chunked=True)
    assert answer.status_code == 413
    assert (error(answer)["code"], error(answer)["details"]["limit"]) == ("too_large", 1_000)


def test_a_post_without_any_body_needs_no_length(bench: Bench) -> None:
    assert bench.serve("POST", "/locations/here/files").status_code == 200


def test_pages_of_the_crm_may_call_and_no_others(bench: Bench) -> None:
    ours = bench.serve("GET", "/locations/here/things/t", headers={"Origin": CRM})
    assert ours.headers["Access-Control-Allow-Origin"] == CRM
    for origin in ("https://evil.example", f"{CRM}.evil.example", "null", CRM.upper(), f"{CRM}:443"):
        other = bench.serve("GET", "/locations/here/things/t", headers={"Origin": origin})
        assert not [name for name in dict(other.headers) if name.startswith("Access-Control")]
        assert other.headers["Vary"] == "Origin"


def test_a_browsers_question_beforehand_needs_no_token(bench: Bench) -> None:
    answer = bench.serve("OPTIONS", "/locations/here/things/t", "", headers={"Origin": CRM})
    assert answer.status_code == 204
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert not bench.calls


def test_a_refusal_can_be_read_by_the_crms_pages_too(bench: Bench) -> None:
    answer = bench.serve("GET", "/locations/elsewhere/things/t", headers={"Origin": CRM})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, CRM)
