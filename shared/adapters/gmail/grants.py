"""Consents: Google's page for them, the grant behind an authorization code, and the end of a grant (RFC 6749, 7009)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3

from shared.adapters.gmail.identity import Identities
from shared.errors import Refused, Transient
from shared.ports.gmail import Granted

EMAIL = frozenset({"email", "https://www.googleapis.com/auth/userinfo.email"})
SCOPES = "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.send"
"""Exactly what is asked for (R03)."""
OK, BAD_REQUEST, TOO_MANY, SERVER = 200, 400, 429, 500


@dataclass(frozen=True, slots=True)
class ConsentClient:
    """The deployment's OAuth client and Google's addresses; `redirect_url` is read when a consent needs it."""

    id: str
    secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    revoke_url: str
    redirect_url: Callable[[], str]


class GoogleGrants:
    """The `Grants` port. Each call is made once: an authorization code works only once."""

    def __init__(self, pool: urllib3.PoolManager, client: ConsentClient, identities: Identities) -> None:
        self._pool, self._client, self._identities = pool, client, identities

    def authorize_url(self, *, state: str, nonce: str, challenge: str, login_hint: str | None) -> str:
        """Google's consent page; the user picks among the browser's accounts, and always consents anew."""
        query = {
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_url(),
            "response_type": "code",
            "scope": SCOPES,
            "access_type": "offline",
            "prompt": "select_account consent",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if login_hint:
            query["login_hint"] = login_hint
        return f"{self._client.authorize_url}?{urlencode(query)}"

    def exchange(self, *, code: str, verifier: str, nonce: str, now: datetime) -> Granted:
        """Tokens for a code. Raises `Refused` if it or the id token is no good, `Transient` without an answer."""
        told = self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self._client.id,
                "client_secret": self._client.secret,
                "redirect_uri": self._client.redirect_url(),
                "code_verifier": verifier,
            }
        )
        scopes = tuple(str(told.get("scope", "")).split())
        named = "openid" in scopes and not EMAIL.isdisjoint(scopes)
        identity = self._identities.read(str(told.get("id_token", "")), nonce=nonce, now=now) if named else None
        refresh_token = told.get("refresh_token")
        return Granted(str(refresh_token) if refresh_token else None, scopes, identity)

    def revoke(self, refresh_token: str) -> None:
        """Ends the grant, and every other one of that person to the project; Google answers 400 for a dead one."""
        status, _ = self._post(self._client.revoke_url, {"token": refresh_token})
        if status not in {OK, BAD_REQUEST}:
            raise Transient(f"revoke: {status}")

    def _tokens(self, form: Mapping[str, str]) -> dict[str, Any]:
        status, content = self._post(self._client.token_url, form)
        if status == TOO_MANY or status >= SERVER:
            raise Transient(f"token endpoint: {status}")
        if status != OK:
            raise Refused("code", f"Google gave no tokens for the code ({status}).")
        try:
            return msgspec.json.decode(content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Transient("token endpoint: not an answer") from error

    def _post(self, url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            answer = self._pool.request(
                "POST",
                url,
                body=urlencode(form),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Transient(f"google: {type(error).__name__}") from error
        return answer.status, answer.data
