"""One call of the Gmail API from its request to its answer: who, what, faults, quota, effect, record."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.sandbox.gmail_simulator import errors
from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.calls import Call as Recorded
from tests.sandbox.gmail_simulator.discovery import Method, Route, gmail
from tests.sandbox.gmail_simulator.errors import GoogleError
from tests.sandbox.gmail_simulator.faults import NOTHING, Drop, Hold, Moment, Strike
from tests.sandbox.gmail_simulator.fields import chosen
from tests.sandbox.gmail_simulator.grants import AccessToken
from tests.sandbox.gmail_simulator.quota import units
from tests.sandbox.gmail_simulator.validation import Query, read_body, read_query
from tests.sandbox.gmail_simulator.wire import Answer, ApiRequest, ConnectionCutError, Json
from tests.sandbox.gmail_simulator.world import World


@dataclass(slots=True)
class Call:
    """One admitted call: everything a method needs to know. `media` is an uploaded mail."""

    world: World
    method: Method
    account: Account
    token: AccessToken
    path: dict[str, str]
    query: Query
    body: Json = field(default_factory=dict)
    media: bytes | None = None
    done: Answer | None = None
    """The answer, once the effect has happened, even if nobody gets to see it."""

    @property
    def id(self) -> str | None:
        """The message or other thing that the path names."""
        return self.path.get("messageId") or self.path.get("id")

    @property
    def format(self) -> str | None:
        """For methods that have one: minimal, metadata, full or raw."""
        if "format" not in self.method.query:
            return None
        return str(self.query.get("format", "full")).lower()


Perform = Callable[[Call], bytes | Awaitable[bytes]]
"""A method: its answer's JSON, empty for 204. GoogleError where Gmail refuses."""


def _bearer(request: ApiRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        value = next((v for n, v in request.query if n in {"access_token", "oauth_token"}), "")
    return value.strip()


def authenticate(world: World, request: ApiRequest) -> AccessToken:
    """The bearer token of a request; GoogleError 401 without a working one."""
    value = _bearer(request)
    if not value:
        raise errors.no_credentials()
    token = world.grants.access(value)
    if token is None:
        raise errors.bad_credentials()
    return token


def admit(world: World, route: Route, request: ApiRequest, *, media: bytes | None = None) -> Call:
    """The call behind a request, once token, scopes, user and parameters are in order; GoogleError otherwise."""
    token = authenticate(world, request)
    account = token.grant.account
    if not route.method.scopes & token.scopes:
        raise errors.insufficient_scopes(route.method.id)
    user = route.path["userId"]
    if user != "me" and user.lower() != account.email.lower():
        raise errors.delegation_denied(user)
    query = read_query(gmail(), route.method, request.query)
    body = read_body(gmail(), route.method.body, request.body) if request.body else {}
    return Call(world, route.method, account, token, route.path, query, body, media)


def refusal(error: GoogleError) -> Answer:
    """An error as an answer."""
    return Answer(error.status, error.body(), headers=dict(error.headers))


def refused(world: World, route: Route, request: ApiRequest, error: GoogleError) -> Answer:
    """Records a call that was not admitted, as far as it can be told whose it was and what it asked, and answers it."""
    answer, owner = refusal(error), world.grants.owner(_bearer(request))
    named = route.path.get("messageId") or route.path.get("id")
    form = dict(request.query).get("format", "full").lower() if "format" in route.method.query else None
    email = owner.account.email if owner else None
    one = Recorded(world.clock.now(), route.method.id, email, named, form, answer.status, 0, len(answer.body))
    world.calls.add(one)
    return answer


class GmailApi:
    """The API's methods by discovery id, on one world."""

    def __init__(self, world: World, methods: dict[str, Perform]) -> None:
        self.world, self._methods = world, methods

    async def serve(self, request: ApiRequest, *, already: int = 0) -> Answer:
        """Answers one request; `already` siblings of the same batch run at the same time."""
        route = gmail().route(request.method, request.path.strip("/").split("/"))
        if route is None:
            return NOT_HERE
        try:
            call = admit(self.world, route, request)
        except GoogleError as error:
            return refused(self.world, route, request, error)
        return await self.perform(call, already=already)

    async def perform(self, call: Call, *, already: int = 0) -> Answer:
        """Runs an admitted call. ConnectionCutError where a fault wants the connection cut."""
        strike = call.world.faults.strike(call.method.id, call.account.email)
        try:
            return await self._performed(call, strike, already=already)
        finally:
            if strike.hold:
                strike.hold.over.set()

    async def _performed(self, call: Call, strike: Strike, *, already: int) -> Answer:
        world, account, spent = call.world, call.account, 0
        try:
            world.quota.enter(account, already=already)
            try:
                await self._latency()
                await before(strike)
                world.quota.charge(account, units(call.method.id))
                spent = units(call.method.id)
                answer = await self._effect(call)
            finally:
                world.quota.leave(account)
        except GoogleError as error:
            answer = refusal(error)
        self._record(call, answer, spent)
        return await shown(answer, strike)

    async def _latency(self) -> None:
        if self.world.behaviour.latency_ms > 0:
            await asyncio.sleep(self.world.behaviour.latency_ms / 1000)

    async def _effect(self, call: Call) -> Answer:
        perform = self._methods.get(call.method.id)
        if perform is None:
            raise GoogleError(501, f"{call.method.id} is not simulated", "notImplemented")
        made = perform(call)
        body = made if isinstance(made, bytes) else await made
        if body and "fields" in call.query:
            body = chosen(body, call.query["fields"])
        call.done = Answer(200 if body else 204, body)
        return call.done

    def _record(self, call: Call, answer: Answer, spent: int) -> None:
        now = self.world.clock.now()
        one = Recorded(
            now, call.method.id, call.account.email, call.id, call.format, answer.status, spent, len(answer.body)
        )
        self.world.calls.add(one)


async def before(strike: Strike) -> None:
    """What befalls a call before its effect: ConnectionCutError or GoogleError where there will be none."""
    if strike is NOTHING:
        return
    if strike.delay_ms > 0:
        await asyncio.sleep(strike.delay_ms / 1000)
    if strike.hold and strike.hold.moment is Moment.BEFORE:
        await _held(strike.hold)
    if strike.drop in {Drop.BEFORE, Drop.RESET_BEFORE}:
        raise ConnectionCutError(reset=strike.drop is Drop.RESET_BEFORE)
    if strike.error is not None and not strike.effect:
        raise strike.error


async def shown(answer: Answer, strike: Strike) -> Answer:
    """What the caller gets to see of an answer; ConnectionCutError if a fault cuts it off."""
    if strike.hold and strike.hold.moment is Moment.AFTER:
        await _held(strike.hold)
    if strike.error is not None:
        return refusal(strike.error)
    if strike.drop is Drop.HTML:
        return Answer(200, _PAGE, "text/html; charset=UTF-8")
    if strike.drop is not None:
        raise ConnectionCutError(
            answer if strike.drop is Drop.TRUNCATE else None, reset=strike.drop is Drop.RESET_AFTER
        )
    return answer


async def _held(hold: Hold) -> None:
    if not await hold.released:
        raise ConnectionCutError


_PAGE = b"<!DOCTYPE html><title>Error 502 (Server Error)!!1</title><p>The server encountered a temporary error.</p>"
NOT_HERE = Answer(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", "text/html; charset=UTF-8")
