"""Somebody who reads a location's mail, in a world that a sync brings mail to."""

from collections.abc import Iterator
from typing import Any

import flask
import msgspec

from shared.domain import keys
from shared.domain.identifiers import LocationId, UserId
from shared.domain.message import Message
from shared.domain.session import Role, Session
from shared.entrypoint.conversations import Calls
from shared.entrypoint.http import Gate, serve
from shared.ports.store import Put
from shared.usecases.contended import Patience
from tests.fakes.chance import FakeChance
from tests.unit.entrypoint.requests import content, request
from tests.unit.inbound import HERE, World

CARL, DORA = "carl@customer.example", "dora@customer.example"
THERE = LocationId("there")


class Reader:
    """One caller of `conversations` in a world with two contacts."""

    def __init__(self) -> None:
        self.world = World()
        self.world.contact("carl", CARL)
        self.world.contact("dora", DORA)
        self.role = Role.USER
        self.user = UserId("ada")
        self.locations = frozenset({HERE, THERE})

    def ask(
        self, path: str, *, method: str = "GET", location: LocationId = HERE, body: object = None
    ) -> flask.Response:
        world = self.world
        patience = Patience(world.clock, FakeChance())
        calls = Calls(world.store, world.blobs, lambda: world.access, world.topics, patience)
        session = Session(self.user, self.locations, self.role)
        sent = None if body is None else msgspec.json.encode(body)
        gate = Gate(lambda _: session, frozenset(), self.world.clock.now)
        return serve(request(method, f"/locations/{location}{path}", body=sent), calls.routes, lambda: gate)

    def read(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status_code == 200, answer.get_data()
        return content(answer)

    def items(self, path: str) -> list[Any]:
        return list(self.read(path)["items"])

    def arrives(self, *letters: str) -> None:
        """Mails that come a minute apart, and are synced."""
        for one in letters:
            self.world.clock.advance(minutes=1)
            self.world.gmail.deliver(one)
        self.world.push()

    def keep(self, *messages: Message) -> None:
        self.world.store.commit([Put(keys.message(HERE, one.id), one) for one in messages])

    def pages(self, path: str, limit: int) -> Iterator[list[Any]]:
        """The items of all pages of a list."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.read(f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            yield page["items"]
            cursor = page["next_cursor"]
