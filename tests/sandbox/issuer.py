"""The CRM's token issuer: its public key, and tokens for whomever a test wants to be."""

import json
from collections.abc import Callable
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.answers import refuse

KEY_ID = "crm-1"
ROLES = frozenset({"user", "admin", "service", "operator"})
REQUIRED = frozenset({"sub", "locations", "role"})
ALLOWED = REQUIRED | {"act", "expires_s"}
DEFAULT_LIFE_S = 3_600

Seconds = Callable[[], float]


class Issuer:
    """Signs RS256 with a key of its own; `now` gives the stack's time in seconds since 1970."""

    def __init__(self, *, issuer: str, audience: str, now: Seconds) -> None:
        self._issuer, self._audience, self._now = issuer, audience, now
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    def app(self) -> web.Application:
        """GET /.well-known/jwks.json and POST /tokens."""
        app = web.Application()
        app.router.add_get("/.well-known/jwks.json", self._jwks)
        app.router.add_post("/tokens", self._tokens)
        return app

    async def _jwks(self, _request: web.Request) -> web.Response:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return web.json_response({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})

    async def _tokens(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
        except ValueError:
            return refuse("The body is not JSON.")
        if fault := _fault(body):
            return refuse(fault)
        # No iat: a moved clock and the real one would disagree about whether it lies in the future.
        claims = {name: body[name] for name in ("sub", "locations", "role", "act") if name in body}
        expires = int(self._now()) + body.get("expires_s", DEFAULT_LIFE_S)
        claims |= {"iss": self._issuer, "aud": self._audience, "exp": expires}
        return web.json_response({"token": jwt.encode(claims, self._key, "RS256", headers={"kid": KEY_ID})})


def _fault(body: Any) -> str | None:
    if not isinstance(body, dict) or not REQUIRED <= set(body) <= ALLOWED:
        return "The body is {sub, locations, role, act?, expires_s?}."
    checks = {
        "sub is a text that is not empty": isinstance(body["sub"], str) and body["sub"] != "",
        "locations is a list of ids": isinstance(body["locations"], list)
        and all(isinstance(one, str) for one in body["locations"]),
        f"role is one of {', '.join(sorted(ROLES))}": isinstance(body["role"], str) and body["role"] in ROLES,
        "act is a text or an object": isinstance(body.get("act", ""), str | dict),
        "expires_s is a whole number of seconds": type(body.get("expires_s", 0)) is int,
    }
    return next((f"{rule}." for rule, kept in checks.items() if not kept), None)
