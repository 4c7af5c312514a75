"""An operator's desk: the calls of `operations` on a world in memory, with mail that comes in and goes out."""

from typing import Any

import flask
import msgspec

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, UserId
from shared.domain.message import KnownMail
from shared.domain.session import Role, Session
from shared.entrypoint.http import Gate, serve
from shared.entrypoint.operations import Operations
from shared.errors import Refused
from shared.ports.store import Query
from shared.usecases.explain import Asked, Explanation, Extent, explain
from shared.usecases.operating import Operating, Target
from tests.unit.entrypoint.requests import content, request
from tests.unit.inbound import HERE, letter
from tests.unit.outbound import CARL, Outbound

OPS = UserId("olga")


class Desk:
    """Olga's calls; `world` is the deployment."""

    def __init__(self) -> None:
        self.world = Outbound()
        self.ports = Operating(self.world.store, self.world.topics, self.world.patience)
        self.role = Role.OPERATOR
        self.locations: frozenset[LocationId] = frozenset()
        self.impersonated = False

    def ask(self, path: str, *, method: str = "GET", body: object = None, raw: bytes | None = None) -> flask.Response:
        session = Session(OPS, self.locations, self.role, impersonated=self.impersonated)
        gate = Gate(lambda _: session, frozenset(), self.world.clock.now)
        sent = raw if raw is not None or body is None else msgspec.json.encode(body)
        return serve(request(method, path, body=sent), Operations(self.ports).routes, lambda: gate)

    def read(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status_code == 200, answer.get_data()
        return content(answer)

    def post(self, path: str, body: object = None) -> Any:
        answer = self.ask(path, method="POST", body={} if body is None else body)
        assert answer.status_code < 300, answer.get_data()
        return content(answer)

    @property
    def mailbox(self) -> str:
        return f"/mailboxes/{self.world.mailbox_id}"

    def of(self, gmail_id: GmailId) -> Target:
        return Target(OPS, self.world.mailbox_id, gmail_id)

    def refuse(self, *ids: str, reason: str = "forbidden") -> None:
        """Gmail does not hand these mails out; without any, it does everything again."""

        def fail(call: str, what: str) -> None:
            if call in {"full", "headers"} and what in ids:
                raise Refused(reason, "not this one")

        self.world.gmail.fail = fail

    def parked(self, subject: str = "Refused", *, for_good: bool = False) -> GmailId:
        """A mail of Carl's that Gmail refuses, and that is parked; `for_good`: no more by itself."""
        name = self.world.gmail.deliver(letter(CARL, subject=subject))
        self.refuse(name)
        self.world.push()
        for _ in range(6 if for_good else 0):
            self.world.clock.advance(hours=25)
            self.world.tick()
        assert name in self.world.parked()
        return name

    def known(self, name: GmailId) -> KnownMail | None:
        key = keys.known_mail(self.world.mailbox_id, name)
        return self.world.store.read(key).value(key)

    def explained(self, name: GmailId) -> Explanation:
        world = self.world
        told = explain(
            HERE,
            Asked(name),
            Extent(),
            caller=UserId("ada"),
            now=world.clock.now(),
            store=world.store,
            access=lambda: world.access,
        )
        return told.items[0]

    def acts(self) -> list[tuple[str, str, str]]:
        """Act, mail and words of each line, the oldest first."""
        found = self.world.store.find(Query(keys.ACTS, order_by="at"))
        return [(one.value.act, one.value.gmail_id, one.value.why) for one in found]

    def later(self, *, minutes: float = 10) -> None:
        """The timer's run after a while, with all that it starts."""
        self.world.clock.advance(minutes=minutes)
        self.world.tick()
