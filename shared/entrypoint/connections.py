"""A user's own connection: begin and complete a consent, look at it, disconnect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from shared.domain.connection import Intent
from shared.domain.connection_status import ConnectionStatus
from shared.domain.session import Role
from shared.entrypoint import log
from shared.entrypoint.answers import Answer
from shared.entrypoint.http import Call, Route
from shared.errors import Rejected
from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.auto_bcc_address import auto_bcc_address, rotate_auto_bcc
from shared.usecases.begin_consent import Wish, begin_consent
from shared.usecases.change_settings import change_settings
from shared.usecases.complete_connection import Caller, complete
from shared.usecases.contended import Patience
from shared.usecases.disconnect import disconnect
from shared.usecases.grants import Google
from shared.usecases.read_connection import read_connection

USER = frozenset({Role.USER})
CREATED = 201
KEEPS = ("all", "metadata", "nothing")


class ConsentBody(msgspec.Struct, forbid_unknown_fields=True):
    """What the user wants, and where the browser shall return to."""

    return_to: str
    intent: Intent


class CompleteBody(msgspec.Struct, forbid_unknown_fields=True):
    """The code that the browser came back with."""

    connect_code: Annotated[str, msgspec.Meta(max_length=200)]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body in which there is nothing to say."""


class SettingsBody(msgspec.Struct, forbid_unknown_fields=True):
    """What the user chooses for their own connection; both are given each time."""

    exclusions: list[Annotated[str, msgspec.Meta(max_length=300)]]
    signature: bool


@dataclass(frozen=True, slots=True)
class Connections:
    """The routes, and what they may touch."""

    store: Store
    google: Google
    topics: Topics
    gmail_topic: str
    return_urls: frozenset[str]
    patience: Patience
    capture_domain: str = ""

    def routes(self) -> Sequence[Route]:
        """The caller's own connection in one location."""
        path = "/locations/{location}/connection"
        return [
            Route("GET", path, self._show, USER),
            Route("POST", f"{path}/consent", self._begin, USER),
            Route("POST", f"{path}/complete", self._complete, USER),
            Route("PUT", f"{path}/settings", self._change, USER),
            Route("POST", f"{path}/auto_bcc", self._rotate, USER),
            Route("DELETE", path, self._disconnect, USER, query=("keep",)),
        ]

    def _show(self, call: Call) -> Answer:
        return Answer(body=self._status(call))

    def _status(self, call: Call) -> ConnectionStatus:
        return self._addressed(call, read_connection(self.store, call.location, call.session.user, now=call.now))

    def _addressed(self, call: Call, status: ConnectionStatus) -> ConnectionStatus:
        """The status with the user's auto-BCC address, whatever the state: it needs no connection (R04, R60)."""
        own = auto_bcc_address(
            self.store, call.location, call.session.user, domain=self.capture_domain, patience=self.patience
        )
        return replace(status, auto_bcc=own)

    def _rotate(self, call: Call) -> Answer:
        call.body(Nothing)
        rotate_auto_bcc(self.store, call.location, call.session.user, patience=self.patience)
        return Answer(body=self._status(call))

    def _begin(self, call: Call) -> Answer:
        body = call.body(ConsentBody)
        begun = begin_consent(
            Wish(call.location, call.session.user, body.intent, body.return_to),
            store=self.store,
            grants=self.google.grants,
            sealer=self.google.sealer,
            chance=self.patience.chance,
            return_urls=self.return_urls,
            now=call.now,
        )
        return Answer(CREATED, begun)

    def _complete(self, call: Call) -> Answer:
        completed = complete(
            call.body(CompleteBody).connect_code,
            Caller(call.location, call.session.user),
            store=self.store,
            google=self.google,
            topics=self.topics,
            gmail_topic=self.gmail_topic,
            patience=self.patience,
        )
        if completed.problems:
            log.record("WARNING", "connected with problems", location=call.location, problems=completed.problems)
        return Answer(body=self._addressed(call, completed.status))

    def _change(self, call: Call) -> Answer:
        body = call.body(SettingsBody)
        change_settings(
            self.store,
            call.location,
            call.session.user,
            exclusions=body.exclusions,
            signature=body.signature,
            patience=self.patience,
        )
        return Answer(body=self._status(call))

    def _disconnect(self, call: Call) -> Answer:
        keep = call.query.get("keep", KEEPS[0])
        if keep != KEEPS[0]:
            reason = "is not available yet" if keep in KEEPS else "is not known"
            raise Rejected("invalid_request", f"keep={keep[:40]} {reason}; keep=all is.")
        before = read_connection(self.store, call.location, call.session.user, now=call.now)
        problem = disconnect(
            call.location,
            call.session.user,
            by=call.session.user,
            store=self.store,
            google=self.google,
            topics=self.topics,
            patience=self.patience,
        )
        if problem:
            log.record("WARNING", "disconnected with problems", location=call.location, problem=problem)
        if before.state == "none":
            return Answer(body=self._addressed(call, before))
        return Answer(body=self._status(call))
