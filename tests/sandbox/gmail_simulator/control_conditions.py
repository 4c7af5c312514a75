"""Control of circumstances: consent, faults, pushes, quota, switches, the clock; and of what was observed."""

from dataclasses import asdict
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web

from tests.sandbox.gmail_simulator.authorization import (
    AuthorizationError,
    AuthorizationRequest,
    approve,
    deny,
    read_authorization,
)
from tests.sandbox.gmail_simulator.behaviour import changed
from tests.sandbox.gmail_simulator.clock import rfc3339
from tests.sandbox.gmail_simulator.control import (
    ControlError,
    answer,
    answered,
    body_of,
    done,
    listed,
    only,
    text_of,
    texts_of,
    unreadable,
)
from tests.sandbox.gmail_simulator.faults import read_fault
from tests.sandbox.gmail_simulator.grants import full_scopes
from tests.sandbox.gmail_simulator.pushes import Disturbance
from tests.sandbox.gmail_simulator.security_events import SecurityEvent, TokenName, event_claims, named_token, tell
from tests.sandbox.gmail_simulator.wire import Json, from_json
from tests.sandbox.gmail_simulator.world import World

_COUNTS = ("lose", "duplicate", "delay_ms")
_FLAGS = ("reorder", "hold")
_LIMITS = ("units_per_minute", "concurrent", "sends_per_day")


class ConditionControl:
    """Everything below /control besides mailboxes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """The routes of this part."""
        return [
            web.post("/control/consent", answered(self.consent)),
            web.post("/control/faults", answered(self.add_faults)),
            web.delete("/control/faults", answered(self.end_faults)),
            web.post("/control/held", answered(self.release)),
            web.post("/control/pushes", answered(self.disturb)),
            web.delete("/control/pushes", answered(self.end_disturbance)),
            web.post("/control/quota", answered(self.limit)),
            web.post("/control/behaviour", answered(self.behave)),
            web.get("/control/behaviour", answered(self.behaviour)),
            web.get("/control/usage", answered(self.usage)),
            web.delete("/control/usage", answered(self.forget_usage)),
            web.get("/control/calls", answered(self.calls)),
            web.delete("/control/calls", answered(self.forget_calls)),
            web.get("/control/notifications", answered(self.notifications)),
            web.post("/control/security_events", answered(self.tell)),
            web.get("/control/clock", self.clock),
            web.post("/control/clock", answered(self.advance)),
        ]

    async def consent(self, request: web.Request) -> web.Response:
        """A person answers a consent page without a browser."""
        body = await body_of(request, "authorize_url", "email", "grant", "deny")
        query = dict(parse_qsl(urlsplit(text_of(body, "authorize_url")).query, keep_blank_values=True))
        try:
            asked = read_authorization(self._world.clients, query)
        except AuthorizationError as error:
            raise ControlError(400, error.code, error.message) from error
        email = text_of(body, "email")
        account = self._world.directory.find(email)
        if account is None:
            raise ControlError(404, "not_found", f"no account {email}")
        if body.get("deny"):
            return answer({"redirect_to": deny(asked)})
        return answer({"redirect_to": approve(self._world, asked, account, _granted(body, asked))})

    async def add_faults(self, request: web.Request) -> web.Response:
        """Puts faults into force, behind those that are."""
        try:
            rules = from_json(await request.read())
        except ValueError as error:
            raise unreadable(f"the body is no JSON: {error}") from error
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise unreadable("the body must be a list of faults")
        self._world.faults.add([read_fault(rule) for rule in rules])
        return done()

    async def end_faults(self, request: web.Request) -> web.Response:
        """Ends all faults."""
        self._world.faults.clear()
        return done()

    async def release(self, request: web.Request) -> web.Response:
        """Lets held calls go on, or cuts them off; answers how many, once they are through."""
        act = text_of(await body_of(request, "act"), "act")
        if act not in {"go", "cut"}:
            raise unreadable("act must be 'go' or 'cut'")
        return answer({"released": await self._world.faults.release(go=act == "go")})

    async def disturb(self, request: web.Request) -> web.Response:
        """Replaces what happens to pushes from now on."""
        body = await body_of(request, *_COUNTS, *_FLAGS)
        for name in body.keys() & set(_COUNTS):
            _number(body, name, whole=name != "delay_ms")
        if wrong := [name for name in _FLAGS if not isinstance(body.get(name, False), bool)]:
            raise unreadable(f"{wrong[0]} must be true or false")
        self._world.push_gate.disturb(Disturbance(**body))
        return done()

    async def end_disturbance(self, request: web.Request) -> web.Response:
        """Pushes go through again; held ones go out."""
        self._world.push_gate.end()
        return done()

    async def limit(self, request: web.Request) -> web.Response:
        """Sets limits; null lifts one, what is not named stays."""
        body = await body_of(request, *_LIMITS)
        for name, value in body.items():
            if value is not None:
                _number(body, name)
            setattr(self._world.quota.limits, name, value)
        return done()

    async def behave(self, request: web.Request) -> web.Response:
        """Turns switches; answers all of them."""
        body = from_json(await request.read())
        if not isinstance(body, dict):
            raise unreadable("the body must be a JSON object")
        self._world.behave(changed(self._world.behaviour, body))
        return answer(asdict(self._world.behaviour))

    async def behaviour(self, request: web.Request) -> web.Response:
        """All switches as they are."""
        return answer(asdict(self._world.behaviour))

    async def usage(self, request: web.Request) -> web.Response:
        """Calls, units and bytes by method."""
        only(request, "email")
        return answer(self._world.calls.usage(self._email(request)))

    async def forget_usage(self, request: web.Request) -> web.Response:
        """Counts from nothing again."""
        self._world.calls.forget_usage()
        return done()

    async def calls(self, request: web.Request) -> web.Response:
        """Every call, oldest first."""
        only(request, "email", "method", "limit", "cursor")
        return listed(request, self._world.calls.listed(self._email(request), request.query.get("method")))

    async def forget_calls(self, request: web.Request) -> web.Response:
        """Forgets the calls so far."""
        self._world.calls.forget()
        return done()

    async def notifications(self, request: web.Request) -> web.Response:
        """What was published, oldest first."""
        only(request, "email", "limit", "cursor")
        email = self._email(request)
        published = self._world.watches.published
        return listed(request, [one for one in published if email in {None, one["emailAddress"]}])

    async def tell(self, request: web.Request) -> web.Response:
        """Sends a security event about an account to a receiver; its status."""
        body = await body_of(request, "email", "event", "to", "refresh_token", "token_as")
        account = self._world.directory.find(text_of(body, "email"))
        if account is None:
            raise ControlError(404, "not_found", f"no account {body['email']}")
        token = body.get("refresh_token")
        claims = event_claims(
            SecurityEvent(text_of(body, "event")),
            account,
            clock=self._world.clock,
            chance=self._world.chance,
            clients=list(self._world.clients),
            token=named_token(token, TokenName(body.get("token_as", "prefix"))) if token else None,
        )
        try:
            return answer({"status": await tell(text_of(body, "to"), self._world.identity, claims)})
        except (aiohttp.ClientError, OSError) as error:
            raise unreadable(f"the receiver could not be reached: {error}") from error

    def _email(self, request: web.Request) -> str | None:
        email = request.query.get("email")
        account = self._world.directory.find(email) if email is not None else None
        if email is not None and account is None:
            raise ControlError(404, "not_found", f"no account {email}")
        return account.email if account else None

    async def clock(self, request: web.Request) -> web.Response:
        """The stack's time."""
        return answer({"now": rfc3339(self._world.clock.now())})

    async def advance(self, request: web.Request) -> web.Response:
        """Moves the stack's time forward."""
        body = await body_of(request, "advance_s")
        _number({"advance_s": None, **body}, "advance_s", whole=False)
        self._world.clock.advance(body["advance_s"])
        return answer({"now": rfc3339(self._world.clock.now())})


def _number(body: Json, name: str, *, whole: bool = True) -> None:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
        raise unreadable(f"{name} must be a {'whole ' if whole else ''}number, 0 or more")


def _granted(body: Json, asked: AuthorizationRequest) -> list[str]:
    if body.get("grant") is None:
        return list(asked.scopes)
    granted = list(full_scopes(" ".join(texts_of(body, "grant"))))
    if more := [scope for scope in granted if scope not in asked.scopes]:
        raise unreadable(f"{more[0]} was not asked for; asked were {' '.join(asked.scopes)}")
    return granted
