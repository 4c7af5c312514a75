"""The calls of `send_email`."""

import json
from typing import Any

import flask
import pytest

from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint.http import Gate, serve
from shared.entrypoint.sends import Sends
from shared.errors import Rejected
from tests.unit.entrypoint.requests import content, error, request
from tests.unit.inbound import HERE
from tests.unit.outbound import CARL, Outbound

MAIL = {"to": [{"address": CARL}], "subject": "An offer", "text": "Take it."}


class Bench:
    """The function's routes on a world in memory."""

    def __init__(self) -> None:
        self.world = Outbound()
        self.session = Session(UserId("ada"), frozenset({HERE}), Role.USER)
        world = self.world
        self.sends = Sends(world.store, world.blobs, world.topics, world.patience, world.chance.token)
        self.gate = Gate(self.authenticate, frozenset(), world.clock.now)

    def authenticate(self, header: str) -> Session:
        if not header:
            raise Rejected("unauthenticated", "Nobody.")
        return self.session

    def ask(self, path: str, body: bytes, **headers: str) -> flask.Response:
        told = {"Authorization": "Bearer x", **{name.replace("_", "-"): value for name, value in headers.items()}}
        kind = told.pop("Content-Type", "application/json")
        asked = request("POST", path, body=body, headers=told)
        asked.environ["CONTENT_TYPE"] = kind
        return serve(asked, self.sends.routes, lambda: self.gate)

    def post(self, mail: Any, key: str = "key-1", *, at: str = HERE, files: bytes = b"") -> flask.Response:
        part = b'--cut\r\nContent-Disposition: form-data; name="mail"\r\nContent-Type: application/json\r\n\r\n'
        body = files + part + (mail if isinstance(mail, bytes) else json.dumps(mail).encode()) + b"\r\n--cut--\r\n"
        return self.ask(
            f"/locations/{at}/messages",
            body,
            Content_Type="multipart/form-data; boundary=cut",
            Idempotency_Key=key,
        )

    def retry(self, name: str, body: Any) -> flask.Response:
        return self.ask(f"/locations/{HERE}/messages/{name}/retry", json.dumps(body).encode())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_send_is_answered_with_its_id_before_anything_is_sent(bench: Bench) -> None:
    answer = bench.post(MAIL)

    told = content(answer)
    assert (answer.status_code, told["conversation"], told["status"], told["warnings"]) == (202, "carl", "queued", [])
    assert bench.world.topics.delivered == [told["id"]]
    assert set(told) == {"id", "conversation", "status", "warnings"}


def test_the_files_may_come_before_the_mail(bench: Bench) -> None:
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    file = head + b"Content-Type: text/plain\r\n\r\nhi\r\n"

    told = content(bench.post(MAIL, files=file))

    (attached,) = bench.world.entry(MessageId(told["id"])).attachments
    assert (attached.filename, attached.content_type, attached.size) == ("a.txt", "text/plain", 2)


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 201, "\x7f"])
def test_f51_a_key_is_needed(bench: Bench, key: str) -> None:
    assert error(bench.post(MAIL, key))["code"] == "invalid_request"
    assert not bench.world.blobs.contents


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        {},
        {**MAIL, "colour": "red"},
        {**MAIL, "subject": None},
        {**MAIL, "to": [CARL]},
        {**MAIL, "to": [{"address": CARL, "age": 7}]},
        {**MAIL, "to": {"address": CARL}},
        {**MAIL, "text": 7},
        b'{"to": [], "subject": "\\ud800"}',
        b'{"to": [{"address": "carl@customer.example"}], "subject": "A", "subject": "B"}',
        b'{"to": [{"address": "carl@customer.example", "address": "eve@customer.example"}], "subject": "A"}',
    ],
)
def test_a_mail_that_is_not_as_described_is_refused_and_its_files_are_gone(bench: Bench, mail: Any) -> None:
    file = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'

    answer = bench.post(mail, files=file)

    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
    assert not bench.world.blobs.contents


def test_t13_another_location_is_not_there(bench: Bench) -> None:
    assert error(bench.post(MAIL, at=LocationId("there")))["code"] == "not_found"


@pytest.mark.parametrize("role", [Role.SERVICE, Role.OPERATOR])
def test_only_people_send(bench: Bench, role: Role) -> None:
    bench.session = Session(UserId("ada"), frozenset({HERE}), role)

    assert error(bench.post(MAIL))["code"] == "forbidden"


def test_r01_whoever_is_logged_in_as_the_user_does_not_send(bench: Bench) -> None:
    bench.session = Session(UserId("ada"), frozenset({HERE}), Role.USER, impersonated=True)

    assert error(bench.post(MAIL))["code"] == "forbidden"


def test_r54_beyond_the_limit_the_answer_names_the_time(bench: Bench) -> None:
    now = int(bench.world.clock.now().timestamp()) // 300
    bench.world.change_mailbox(sent={str(now): 500})

    answer = bench.post(MAIL)

    told = error(answer)
    assert (answer.status_code, told["code"], told["details"]["limit"]) == (429, "daily_limit_reached", 500)
    assert told["details"]["retry_at"].startswith("2026-03-03T09:05")
    assert answer.headers["Retry-After"] == str(24 * 3_600 + 300)


def test_a_send_that_cannot_be_retried_says_so(bench: Bench) -> None:
    name = content(bench.post(MAIL))["id"]

    assert error(bench.retry(name, {}))["code"] == "not_retryable"
    assert error(bench.retry(name, {"was_sent": "yes"}))["code"] == "invalid_request"
    assert error(bench.retry("nothing", {}))["code"] == "not_found"


def test_r55_what_is_unknown_is_settled_by_its_user_and_by_nobody_else(bench: Bench) -> None:
    from shared.errors import Doubtful

    def cut(call: str) -> None:
        if call == "finish":
            raise Doubtful("reset")

    world = bench.world
    name = content(bench.post(MAIL))["id"]
    world.sender.before, world.sender.forgets = cut, True
    world.deliver(name)
    world.drain(60)
    bench.session = Session(UserId("bea"), frozenset({HERE}), Role.USER)
    assert error(bench.retry(name, {"was_sent": True}))["code"] == "forbidden"
    bench.session = Session(UserId("ada"), frozenset({HERE}), Role.USER)

    answer = bench.retry(name, {"was_sent": True})

    assert (answer.status_code, content(answer)["status"], content(answer)["id"]) == (202, "sent", name)
