"""The calls of `records`: what of a record is refused, and what is left of a location that was deleted."""

from typing import Any

import flask
import msgspec
import pytest

from shared.domain.identifiers import LocationId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint.http import Gate, serve
from shared.entrypoint.records import Records
from tests.unit.entrypoint.requests import content, error, request
from tests.unit.usecases.office import HERE, Office

CARL = {"email": "carl@customer.example"}
NOWHERE = LocationId("nowhere")


class Backend:
    """The CRM's backend in an office."""

    def __init__(self) -> None:
        office = Office()
        self.routes = Records(office.store, office.google, office.topics, office.patience).routes
        session = Session(UserId("crm"), frozenset({HERE, NOWHERE}), Role.SERVICE)
        self.gate = Gate(lambda _: session, frozenset(), office.clock.now)

    def ask(self, method: str, path: str = "", body: object = None, at: LocationId = HERE) -> flask.Response:
        sent = None if body is None else msgspec.json.encode(body)
        return serve(request(method, f"/locations/{at}{path}", body=sent), self.routes, lambda: self.gate)

    def put(self, path: str, body: object) -> Any:
        answer = self.ask("PUT", path, body)
        assert answer.status_code in {200, 201}, answer.get_data()
        return content(answer)


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_cannot_say_is_refused(backend: Backend, moment: str) -> None:
    answer = backend.ask("PUT", "/contacts/carl", CARL | {"created_at": moment})

    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
    assert backend.ask("GET", "/contacts/carl").status_code == 404


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_first_and_the_last_time_of_all_are_kept(backend: Backend, moment: str) -> None:
    backend.put("/contacts/carl", CARL | {"created_at": moment})

    assert content(backend.ask("GET", "/contacts/carl"))["created_at"] == moment


@pytest.mark.parametrize("name", ["Carl\r\nBcc: x@evil.example", "Ca\trl", "Carl\x00", "Carl\u2028C"])
@pytest.mark.parametrize("path", ["", "/users/ann", "/contacts/carl"])
def test_T15_a_name_that_could_end_a_line_is_refused(backend: Backend, path: str, name: str) -> None:
    answer = backend.ask("PUT", path, (CARL if path else {}) | {"name": name})

    assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
    assert "control characters" in error(answer)["message"]


def test_a_put_of_a_contact_that_was_merged_says_so(backend: Backend) -> None:
    backend.put("/contacts/carl", CARL)
    backend.put("/contacts/carla", CARL | {"replaces": "carl"})
    backend.put("/contacts/carla", CARL | {"replaces": "carl"})

    for path, body in (("carl", CARL), ("other", CARL | {"replaces": "carl"})):
        answer = backend.ask("PUT", f"/contacts/{path}", body)
        assert (answer.status_code, error(answer)["code"]) == (400, "invalid_request")
        assert "merged into another one" in error(answer)["message"]


def test_R39_a_deleted_location_given_again_has_its_records_and_a_later_policy_version(backend: Backend) -> None:
    backend.put("", {"name": "Office", "policy": {"contact_creation": "sent"}})
    before = content(backend.ask("GET"))["policy_version"]
    backend.put("/contacts/carl", CARL)

    for version in (before + 1, before + 2):
        assert backend.ask("DELETE").status_code == backend.ask("DELETE").status_code == 204
        assert backend.ask("GET").status_code == backend.ask("GET", "/contacts/carl").status_code == 404
        answer = backend.ask("PUT", "", {"name": "Office"})
        assert (answer.status_code, content(answer)["policy_version"]) == (201, version)

    assert content(backend.ask("GET", "/contacts/carl"))["email"] == CARL["email"]


def test_a_location_that_never_was_is_deleted_without_a_trace(backend: Backend) -> None:
    assert backend.ask("DELETE", at=NOWHERE).status_code == 204

    assert content(backend.ask("PUT", "", {"name": "First"}, at=NOWHERE))["policy_version"] == 1
