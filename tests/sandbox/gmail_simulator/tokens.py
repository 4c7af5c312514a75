"""The token endpoint: codes and refresh tokens exchanged for access tokens, with Google's refusals."""

import base64
import hashlib
from collections.abc import Mapping

from tests.sandbox.gmail_simulator.grants import ACCESS_LIFE_S, EMAIL_SCOPE, PROFILE_SCOPE, Client, Code, Grant
from tests.sandbox.gmail_simulator.wire import Json
from tests.sandbox.gmail_simulator.world import World
from tests.sandbox.google_identity import ISSUER


class TokenError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"error": code, "error_description": description}


def exchange(world: World, form: Mapping[str, str]) -> tuple[Grant, Json]:
    """The grant and the token response for a request's form; TokenError otherwise."""
    client = world.clients.get(form.get("client_id", ""))
    if client is None:
        raise TokenError(401, "invalid_client", "The OAuth client was not found.")
    if form.get("client_secret") != client.secret:
        raise TokenError(401, "invalid_client", "Unauthorized")
    kind = form.get("grant_type")
    if kind == "authorization_code":
        return _by_code(world, client, form)
    if kind == "refresh_token":
        return _by_refresh(world, client, form)
    raise TokenError(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")


def _by_code(world: World, client: Client, form: Mapping[str, str]) -> tuple[Grant, Json]:
    code = world.grants.codes.pop(form.get("code", ""), None)
    if code is None or code.expires_at <= world.clock.now():
        raise TokenError(400, "invalid_grant", "Malformed auth code.")
    if code.grant.client is not client:
        raise TokenError(401, "unauthorized_client", "Unauthorized")
    if form.get("redirect_uri") != code.redirect_uri:
        raise TokenError(400, "redirect_uri_mismatch", "Bad Request")
    if code.challenge is not None and _challenge(form.get("code_verifier", "")) != code.challenge:
        what = "Invalid code verifier." if form.get("code_verifier") else "Missing code verifier."
        raise TokenError(400, "invalid_grant", what)
    answer = _tokens(world, code.grant, code)
    if code.grant.offline:
        answer["refresh_token"] = world.grants.issue_refresh(code.grant)
    return code.grant, answer


def _by_refresh(world: World, client: Client, form: Mapping[str, str]) -> tuple[Grant, Json]:
    grant = world.grants.refresh(form.get("refresh_token", ""))
    if grant is None or grant.client is not client:
        raise TokenError(400, "invalid_grant", "Token has been expired or revoked.")
    wanted = set(form.get("scope", "").split())
    if not wanted.issubset(grant.scopes):
        raise TokenError(400, "invalid_scope", "Some requested scopes were invalid.")
    return grant, _tokens(world, grant, None)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _tokens(world: World, grant: Grant, code: Code | None) -> Json:
    access = world.grants.issue_access(grant)
    answer: Json = {
        "access_token": access,
        "expires_in": ACCESS_LIFE_S,
        "scope": " ".join(world.chance.sample(grant.scopes, len(grant.scopes))),
        "token_type": "Bearer",
    }
    if "openid" in grant.scopes:
        answer["id_token"] = world.identity.sign(_claims(world, grant, access, code.nonce if code else None))
    return answer


def _claims(world: World, grant: Grant, access: str, nonce: str | None) -> Json:
    account, now = grant.account, int(world.clock.now())
    half = hashlib.sha256(access.encode()).digest()[:16]
    claims: Json = {
        "iss": ISSUER,
        "azp": grant.client.id,
        "aud": grant.client.id,
        "sub": account.sub,
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        "iat": now,
        "exp": now + 3600,
    }
    if account.hosted_domain:
        claims["hd"] = account.hosted_domain
    if EMAIL_SCOPE in grant.scopes:
        claims |= {"email": account.email, "email_verified": True}
    if PROFILE_SCOPE in grant.scopes:
        claims["name"] = account.name
    if nonce is not None:
        claims["nonce"] = nonce
    return claims
