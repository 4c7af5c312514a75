"""Google's authorization server in memory."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from shared.domain.connection import SCOPES, Identity
from shared.errors import Refused
from shared.ports.gmail import Granted


@dataclass(frozen=True)
class FakeCode:
    """An authorization code: what it is worth, and what must be shown to get it."""

    granted: Granted
    challenge: str
    nonce: str


class FakeGrants:
    """Consents by code; `fail` may raise for a call, by its name."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str | None]] = []
        self.codes: dict[str, FakeCode] = {}
        self.exchanges = 0
        self.revoked: list[str] = []
        self.fail: Callable[[str], None] = lambda _: None

    def authorize_url(self, *, state: str, nonce: str, challenge: str, login_hint: str | None) -> str:
        self.asked.append({"state": state, "nonce": nonce, "challenge": challenge, "login_hint": login_hint})
        asked = {"state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256"}
        hint = {"login_hint": login_hint} if login_hint else {}
        return f"https://accounts.example/consent?{urlencode(asked | hint)}"

    def consent(
        self, state: str, email: str, *, scopes: tuple[str, ...] = SCOPES, hosted_domain: str | None = None
    ) -> str:
        """The account's owner agrees → the code that Google sends back; its refresh token is the address."""
        asked = next(one for one in self.asked if one["state"] == state)
        named = "openid" in scopes and ("email" in scopes or SCOPES[1] in scopes)
        identity = Identity(f"sub-of-{email}", email, hosted_domain) if named else None
        code = f"code-{len(self.codes)}"
        self.codes[code] = FakeCode(
            Granted(email, scopes, identity), challenge=str(asked["challenge"]), nonce=str(asked["nonce"])
        )
        return code

    def without_refresh_token(self, code: str) -> None:
        kept = self.codes[code]
        self.codes[code] = replace(kept, granted=replace(kept.granted, refresh_token=None))

    def exchange(self, *, code: str, verifier: str, nonce: str, now: datetime) -> Granted:
        self.exchanges += 1
        self.fail("exchange")
        kept = self.codes.pop(code, None)
        shown = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if not kept or (kept.challenge, kept.nonce) != (shown, nonce):
            raise Refused("code", "no tokens for this")
        return kept.granted

    def revoke(self, refresh_token: str) -> None:
        self.fail("revoke")
        self.revoked.append(refresh_token)
