"""Cross-account protection: signed tokens that tell a receiver of what happened to an account."""

import base64
import hashlib
import random
from enum import StrEnum

import aiohttp

from tests.sandbox.gmail_simulator.accounts import Account
from tests.sandbox.gmail_simulator.clock import Clock
from tests.sandbox.gmail_simulator.wire import Json
from tests.sandbox.google_identity import ISSUER, GoogleIdentity

_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"


class SecurityEvent(StrEnum):
    """What can be told, by the last part of its event type."""

    TOKEN_REVOKED = "token-revoked"
    TOKENS_REVOKED = "tokens-revoked"
    SESSIONS_REVOKED = "sessions-revoked"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_ENABLED = "account-enabled"
    CREDENTIAL_CHANGE_REQUIRED = "account-credential-change-required"
    VERIFICATION = "verification"


class TokenName(StrEnum):
    """How a token-revoked event names the token: its first 16 characters, or its hash."""

    PREFIX = "prefix"
    HASH = "hash_base64_sha512_sha512"


def event_claims(
    event: SecurityEvent,
    account: Account,
    *,
    clock: Clock,
    chance: random.Random,
    clients: list[str],
    token: Json | None,
) -> Json:
    """The claims of one security event token; it says when it was issued, never when it ends."""
    family = _OAUTH if event in {SecurityEvent.TOKEN_REVOKED, SecurityEvent.TOKENS_REVOKED} else _RISC
    subject = token or {"subject_type": "iss-sub", "iss": f"{ISSUER}/", "sub": account.sub}
    body: Json = {"state": "verify"} if event is SecurityEvent.VERIFICATION else {"subject": subject}
    if event is SecurityEvent.ACCOUNT_DISABLED:
        body["reason"] = "hijacking"
    return {
        "iss": f"{ISSUER}/",
        "aud": clients,
        "iat": int(clock.now()),
        "jti": f"{chance.getrandbits(128):032x}",
        "events": {f"{family}{event}": body},
    }


def named_token(token: str, name: TokenName) -> Json:
    """A refresh token as a token-revoked event names it."""
    if name is TokenName.PREFIX:
        shown = token[:16]
    else:
        shown = base64.b64encode(hashlib.sha512(hashlib.sha512(token.encode()).digest()).digest()).decode()
    return {"subject_type": "oauth_token", "token_type": "refresh_token", "token_identifier_alg": name, "token": shown}


async def tell(url: str, identity: GoogleIdentity, claims: Json) -> int:
    """Posts a security event token; the receiver's status. OSError or aiohttp.ClientError if it is not there."""
    headers = {"Content-Type": "application/secevent+jwt"}
    timeout = aiohttp.ClientTimeout(total=30)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, data=identity.sign(claims), headers=headers) as response,
    ):
        return response.status
