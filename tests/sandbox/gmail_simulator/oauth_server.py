"""Google's OAuth endpoints on the wire: consent page, token, revoke, certificates."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import unquote_plus

from aiohttp import web

from tests.sandbox.gmail_simulator.api import before, shown
from tests.sandbox.gmail_simulator.authorization import AuthorizationError, approve, deny, read_authorization
from tests.sandbox.gmail_simulator.calls import Call
from tests.sandbox.gmail_simulator.consent_page import consent_page, error_page
from tests.sandbox.gmail_simulator.errors import GoogleError
from tests.sandbox.gmail_simulator.grants import IDENTITY
from tests.sandbox.gmail_simulator.tokens import TokenError, exchange
from tests.sandbox.gmail_simulator.wire import Answer, to_json
from tests.sandbox.gmail_simulator.world import World

_HTML = "text/html; charset=UTF-8"
_INVALID = {400: "invalid_grant", 401: "invalid_client", 403: "access_denied", 429: "rate_limit_exceeded"}
_GRANT_GONE = "Token has been expired or revoked."

Effect = Callable[[], tuple[Answer, str | None]]
"""What an endpoint does: its answer, and whose address it concerned if it is known."""


class OAuthServer:
    """The endpoints on one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, request: web.Request) -> Answer:
        """GET of the authorize URL: the consent page."""
        query = dict(request.query)
        try:
            asked = read_authorization(self._world.clients, query)
        except AuthorizationError as error:
            return Answer(error.status, error_page(error).encode(), _HTML)
        return Answer(200, consent_page(asked, self._world.directory, query).encode(), _HTML)

    async def decide(self, request: web.Request) -> Answer:
        """POST of the consent page's form: back to the client."""
        form = await request.post()
        query = {name[2:]: str(value) for name, value in form.items() if name.startswith("q.")}
        try:
            asked = read_authorization(self._world.clients, query)
            account = self._world.directory.find(str(form.get("email", "")))
            if form.get("action") != "continue":
                return _redirect(deny(asked))
            if account is None:
                raise AuthorizationError(400, "invalid_request", "Choose an account.")
        except AuthorizationError as error:
            return Answer(error.status, error_page(error).encode(), _HTML)
        ticked = {str(value) for value in form.getall("scope", [])}
        return _redirect(approve(self._world, asked, account, ticked | IDENTITY))

    async def token(self, request: web.Request) -> Answer:
        """The token endpoint."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        form |= _basic(request.headers)

        def effect() -> tuple[Answer, str | None]:
            try:
                grant, answer = exchange(self._world, form)
            except TokenError as error:
                return Answer(error.status, to_json(error.body)), None
            return Answer(200, to_json(answer), headers={"Cache-Control": "no-cache, no-store"}), grant.account.email

        return await self._struck("oauth.token", self._known_email(form), effect)

    async def revoke(self, request: web.Request) -> Answer:
        """Ends all grants of a token's person to its project."""
        form = await request.post()
        token = str(form.get("token") or request.query.get("token") or "")
        email = self._known_email({"refresh_token": token})

        def effect() -> tuple[Answer, str | None]:
            if self._world.grants.revoke(token):
                return Answer(200, b"{}"), email
            body = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return Answer(400, to_json(body)), email

        return await self._struck("oauth.revoke", email, effect)

    async def certificates(self, request: web.Request) -> Answer:
        """oauth2/v1/certs: key id to PEM."""
        return await self._certs(self._world.identity.certificates())

    async def jwks(self, request: web.Request) -> Answer:
        """oauth2/v3/certs: a JSON Web Key Set."""
        return await self._certs(self._world.identity.jwks())

    async def _certs(self, keys: object) -> Answer:
        headers = {"Cache-Control": "public, max-age=20000, must-revalidate, no-transform"}
        return await self._struck("oauth.certs", None, lambda: (Answer(200, to_json(keys), headers=headers), None))

    def _known_email(self, form: Mapping[str, str]) -> str | None:
        grants = self._world.grants
        code = grants.codes.get(form.get("code", ""))
        found = code.grant if code else grants.owner(form.get("refresh_token", ""))
        return found.account.email if found else None

    async def _struck(self, method: str, email: str | None, effect: Effect) -> Answer:
        """Runs an endpoint under the faults in force, and records the call."""
        strike = self._world.faults.strike(method, email)
        befalls = replace(strike, error=None)
        try:
            await before(befalls)
            answer, known = _refused(strike.error), None
            if answer is None or strike.effect:
                done, known = effect()
                answer = answer or done
            whose = known or email
            self._world.calls.add(Call(self._world.clock.now(), method, whose, None, None, answer.status, 0, 0))
            return await shown(answer, befalls)
        finally:
            if strike.hold:
                strike.hold.over.set()


def _refused(error: GoogleError | None) -> Answer | None:
    """An error in the form of the OAuth endpoints."""
    if error is None:
        return None
    code = error.reason if "_" in error.reason else _INVALID.get(error.status, "internal_failure")
    text = _GRANT_GONE if code == "invalid_grant" else str(error)
    return Answer(error.status, to_json({"error": code, "error_description": text}))


def _basic(headers: Mapping[str, str]) -> dict[str, str]:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}


def _redirect(url: str) -> Answer:
    return Answer(302, b"", _HTML, {"Location": url})
