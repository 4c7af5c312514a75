"""The control interface: what people and tests do to the simulated world, as the contract lists it."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.errors import GoogleError
from tests.sandbox.gmail_simulator.wire import Json, from_json, to_json
from tests.sandbox.gmail_simulator.world import World

Act = Callable[[web.Request], Awaitable[web.Response]]


class ControlError(Exception):
    """A control call that cannot be done; the message says why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def unreadable(message: str) -> ControlError:
    """400 for a body or query that is not as the contract says."""
    return ControlError(400, "invalid_request", message)


def answered(act: Act) -> Act:
    """The act, with its errors as answers."""

    async def acting(request: web.Request) -> web.Response:
        try:
            return await act(request)
        except ControlError as error:
            return _refusal(error.status, error.code, error.message)
        except GoogleError as error:
            return _refusal(error.status, "not_found" if error.status == 404 else "refused", error.message)
        except ValueError as error:
            return _refusal(400, "invalid_request", str(error))

    return acting


def _refusal(status: int, code: str, message: str) -> web.Response:
    return answer({"error": {"code": code, "message": message}}, status)


def answer(body: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=to_json(body), status=status, content_type="application/json", charset="utf-8")


def done() -> web.Response:
    """204: an act is done."""
    return web.Response(status=204)


def listed(request: web.Request, items: list[Json]) -> web.Response:
    """All items, or with `limit` and `cursor` a page of them."""
    at, limit = request.query.get("cursor", "0"), request.query.get("limit", str(max(1, len(items))))
    if not (at.isdigit() and limit.isdigit() and int(limit) > 0):
        raise unreadable("limit is a number from 1, cursor comes from next_cursor")
    end = int(at) + int(limit)
    return answer({"items": items[int(at) : end], "next_cursor": str(end) if end < len(items) else None})


def account_of(world: World, request: web.Request) -> Account:
    """The account in the path; ControlError 404 if there is none."""
    email = request.match_info["email"]
    account = world.directory.find(email)
    if account is None:
        raise ControlError(404, "not_found", f"no account {email}: POST /control/mailboxes makes one")
    return account


async def body_of(request: web.Request, *names: str) -> Json:
    """The JSON object of a request, with none but these members; ControlError 400 otherwise."""
    text = await request.read()
    try:
        body: Any = from_json(text) if text.strip() else {}
    except ValueError as error:
        raise unreadable(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise unreadable("the body must be a JSON object")
    if unknown := sorted(body.keys() - set(names)):
        raise unreadable(f"unknown field {unknown[0]!r}; there are {', '.join(names) or 'none'}")
    return body


def text_of(body: Json, name: str, default: str | None = None) -> str:
    """A text member; ControlError 400 if it is missing without a default, or is no text."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise unreadable(f"{name} must be a text")
    return value


def texts_of(body: Json, name: str) -> list[str]:
    """A list of texts, empty if missing; ControlError 400 if it is something else."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise unreadable(f"{name} must be a list of texts")
    return value


def only(request: web.Request, *names: str) -> None:
    """ControlError 400 for a query parameter that is not among these."""
    if unknown := sorted(request.query.keys() - set(names)):
        raise unreadable(f"unknown parameter {unknown[0]!r}; there are {', '.join(names) or 'none'}")
