"""Calls from outside: who calls, for which location, in which role, decided here for every route."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import flask
import msgspec
from werkzeug.exceptions import RequestEntityTooLarge

from shared.domain.identifiers import ID, LocationId
from shared.domain.json_fields import given_twice
from shared.domain.session import Role, Session
from shared.entrypoint import log, tracing
from shared.entrypoint.answers import Answer, failed, response
from shared.entrypoint.leftover import finished
from shared.errors import GrantLost, Rejected, Transient

T = TypeVar("T")
JSON_BYTES = 262_144
HEADERS = "Authorization, Content-Type, Idempotency-Key"
METHODS = "GET, POST, PUT, DELETE"
LOGGED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request."""

    request: flask.Request
    path: Mapping[str, str]
    query: Mapping[str, str]
    session: Session
    now: datetime

    @property
    def location(self) -> LocationId:
        """The location of the path, which the session's token names."""
        return LocationId(self.path["location"])

    def body(self, kind: type[T]) -> T:
        """The JSON body as `kind`, a `msgspec.Struct` that forbids unknown fields."""
        sent = self.request.get_data(cache=False)
        try:
            read = msgspec.json.decode(sent, type=kind)
            twice = given_twice(sent)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Rejected("invalid_request", f"The body is not as described: {error}.") from error
        except RecursionError as error:
            raise Rejected("invalid_request", "The body is nested too deeply.") from error
        if twice is not None:
            raise Rejected("invalid_request", f"The body has the field {twice[:40]} twice.")
        return read


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path (`/locations/{location}/users/{user}`), for some roles, running one use case.

    `query` names the parameters that it takes; a request with any other is refused.
    """

    method: str
    path: str
    run: Callable[[Call], Answer]
    roles: frozenset[Role]
    query: tuple[str, ...] = ()
    max_bytes: int = JSON_BYTES
    own_body: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        named = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(named + r"/?\Z"))


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides about a request before its route runs: how tokens are read, which origins may call, the clock."""

    authenticate: Callable[[str], Session]
    origins: frozenset[str]
    now: Callable[[], datetime]


def serve(request: flask.Request, routes: Callable[[], Sequence[Route]], gate: Callable[[], Gate]) -> flask.Response:
    """Answers one request; nothing that happens inside leaves in any other shape than the contract's.

    `routes` and `gate` build what they give: that fails too where a setting is missing or a secret can't be read.
    """
    correlation_id = tracing.begin(request.headers)
    origins: frozenset[str] = frozenset()
    told: dict[str, object] = {"correlation_id": correlation_id, "method": _method(request)}
    try:
        opened = gate()
        origins = opened.origins
        answer = Answer(204) if request.method == "OPTIONS" else _answer(request, routes, opened, told)
        made = response(answer)
        if request.method != "OPTIONS":
            log.record("INFO", "request", **told, status=answer.status, **answer.told)
    except Exception as raised:  # noqa: BLE001 - the framework's own 500 would show the exception's text
        error = _known(raised, request)
        answer = failed(error, correlation_id=correlation_id, now=lambda: gate().now())
        made = response(answer)
        _log_failed(error, {**told, "status": answer.status})
    return _with_cors(finished(made, request), request, origins)


def _method(request: flask.Request) -> str:
    """Anybody may send any word as a method."""
    return request.method if request.method in LOGGED_METHODS else "other"


def _log_failed(error: Exception, told: Mapping[str, object]) -> None:
    match error:
        case Transient():
            log.record("WARNING", "unavailable", **told, reason=error.reason)
        case Rejected():
            log.record("INFO", "refused", **told, code=error.code)
        case GrantLost():
            log.record("INFO", "refused", **told, code="reauth_required", reason=error.reason)
        case _:
            log.failure("request failed", error, **told)


def _known(error: Exception, request: flask.Request) -> Exception:
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length or 0
        return Rejected("too_large", f"The limit is {limit} bytes.", details={"size": None, "limit": limit})
    return error


def _answer(
    request: flask.Request, routes: Callable[[], Sequence[Route]], gate: Gate, told: dict[str, object]
) -> Answer:
    """`told` gets what the log is to say, as far as it is known: of what is in the path, what the caller may name."""
    session = gate.authenticate(request.headers.get("Authorization", ""))
    told |= {"role": session.role, "user": session.user}
    route, path = _matched(request, routes())
    told["route"] = route.path
    if "location" in path and path["location"] not in session.locations:
        raise missing()
    told |= {"location": path.get("location"), "ids": {name: one for name, one in path.items() if name != "location"}}
    if session.role not in route.roles:
        raise Rejected("forbidden", "Your role may not do this.")
    if session.impersonated and request.method != "GET":
        raise Rejected("forbidden", "Somebody who is logged in as the user may only read.")
    _limit(request, route)
    return route.run(Call(request, path, _query(request, route), session, gate.now()))


def _matched(request: flask.Request, routes: Sequence[Route]) -> tuple[Route, dict[str, str]]:
    for route in routes:
        if route.method == request.method and (found := route.pattern.match(request.path)):
            path: dict[str, Any] = found.groupdict()
            if all(ID.match(part) for part in path.values()):
                return route, path
    raise missing()


def _limit(request: flask.Request, route: Route) -> None:
    size = request.content_length or 0
    if size > route.max_bytes:
        raise too_large(size, route.max_bytes)
    request.max_content_length = route.max_bytes
    if "Transfer-Encoding" in request.headers and request.content_length is None and not route.own_body:
        raise Rejected("invalid_request", "The request needs a Content-Length.")


def _query(request: flask.Request, route: Route) -> Mapping[str, str]:
    given = request.args.to_dict()
    if len(given) < len(list(request.args.items(multi=True))):
        raise Rejected("invalid_request", "A query parameter comes twice.")
    if unknown := sorted(set(given) - set(route.query)):
        raise Rejected("invalid_request", f"Unknown query parameter: {unknown[0][:40]}.")
    return given


def missing() -> Rejected:
    """What may not be seen, and what is not there: one and the same answer."""
    return Rejected("not_found", "There is nothing here.")


def too_large(size: int, limit: int) -> Rejected:
    """More bytes than a request may have."""
    return Rejected("too_large", f"{size} bytes; the limit is {limit}.", details={"size": size, "limit": limit})


def _with_cors(made: flask.Response, request: flask.Request, origins: frozenset[str]) -> flask.Response:
    made.headers["Vary"] = "Origin"
    origin = request.headers.get("Origin", "")
    if origin in origins:
        made.headers["Access-Control-Allow-Origin"] = origin
        made.headers["Access-Control-Allow-Headers"] = HEADERS
        made.headers["Access-Control-Allow-Methods"] = METHODS
        made.headers["Access-Control-Expose-Headers"] = "Retry-After, Content-Disposition"
        made.headers["Access-Control-Max-Age"] = "3600"
    return made
