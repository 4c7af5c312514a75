"""The HTTP functions of a company in memory, as the CRM calls them: requests in, answers out."""

import json
from typing import Any

import flask

from shared.domain.identifiers import LocationId, UserId
from shared.domain.session import Role, Session
from shared.entrypoint.connections import Connections
from shared.entrypoint.conversations import Calls
from shared.entrypoint.http import Gate, Route, serve
from shared.entrypoint.records import Records
from shared.entrypoint.sends import Sends
from shared.errors import Rejected
from tests.rules.company import Company
from tests.unit.entrypoint.requests import content, request
from tests.unit.usecases.office import ANN, HERE, PAGE, THERE, TOPIC

CUT = "multipart/form-data; boundary=cut"


class Desk:
    """Calls the functions as a user of both locations, or in any other role."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.session: Session | None = Session(ANN, frozenset({HERE, THERE}), Role.USER)

    def acts_as(self, user: UserId = ANN, role: Role = Role.USER, *, impersonated: bool = False) -> "Desk":
        self.session = Session(user, frozenset({HERE, THERE}), role, impersonated=impersonated)
        return self

    def ask(
        self, function: str, method: str, path: str = "", body: object = None, location: LocationId = HERE
    ) -> flask.Response:
        raw = None if body is None else json.dumps(body).encode()
        return self._served(function, request(method, f"/locations/{location}{path}", body=raw))

    def send(
        self, mail: object, key: str = "key-1", files: tuple[tuple[str, bytes], ...] = (), location: LocationId = HERE
    ) -> flask.Response:
        """A send, as a form with its files behind the mail."""
        parts = [b'name="mail"\r\nContent-Type: application/json\r\n\r\n' + json.dumps(mail).encode()]
        parts += [
            f'name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'.encode() + data
            for name, data in files
        ]
        body = b"".join(b"--cut\r\nContent-Disposition: form-data; " + one + b"\r\n" for one in parts) + b"--cut--\r\n"
        asked = request("POST", f"/locations/{location}/messages", body=body, headers={"Idempotency-Key": key})
        asked.environ["CONTENT_TYPE"] = CUT
        return self._served("send_email", asked)

    def read(self, function: str, path: str, location: LocationId = HERE) -> Any:
        answer = self.ask(function, "GET", path, location=location)
        assert answer.status_code == 200, answer.get_data()
        return content(answer)

    def _served(self, function: str, asked: flask.Request) -> flask.Response:
        gate = Gate(self._authenticated, frozenset(), self.company.clock.now)
        return serve(asked, lambda: self._routes(function), lambda: gate)

    def _authenticated(self, _: str) -> Session:
        if self.session is None:
            raise Rejected("unauthenticated", "The request carries no valid token.")
        return self.session

    def _routes(self, function: str) -> tuple[Route, ...]:
        one = self.company
        match function:
            case "connections":
                given = Connections(one.store, one.google, one.topics, TOPIC, frozenset({PAGE}), one.patience)
                return tuple(given.routes())
            case "records":
                return tuple(Records(one.store, one.google, one.topics, one.patience).routes())
            case "conversations":
                return Calls(one.store, one.blobs, lambda: one.mailboxes, one.topics, one.patience).routes()
            case _:
                return Sends(one.store, one.blobs, one.topics, one.patience, one.chance.token).routes()
