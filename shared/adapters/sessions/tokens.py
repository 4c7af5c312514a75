"""Sessions from JWTs: RS256 by the CRM's own keys, its issuer, our audience, in time; anything else is nobody (T12)."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.domain.identifiers import ID, LocationId, UserId
from shared.domain.session import Role, Session
from shared.errors import Rejected

LEEWAY_SECONDS = 30
LONGEST = 16_384
TYPES = frozenset({"jwt", "at+jwt"})
OURS_TO_CHECK: jwt.types.Options = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_iss": False,
    "verify_sub": False,
}
"""PyJWT knows only the system's clock."""


class _Claims(msgspec.Struct):
    """What a token must say; times are seconds since 1970."""

    iss: str
    aud: str | list[str]
    exp: float
    sub: str
    locations: list[str]
    role: Role
    iat: float = 0
    nbf: float = 0
    act: Any = None


class TokenSessions:
    """`key` gives the public key of a key id, or `None`; it raises `Transient` while it cannot know."""

    def __init__(
        self,
        key: Callable[[str], RSAPublicKey | None],
        *,
        issuer: str,
        audience: str,
        now: Callable[[], datetime],
    ) -> None:
        self._key, self._issuer, self._audience, self._now = key, issuer, audience, now

    def authenticate(self, authorization: str) -> Session:
        """The session that the value of `Authorization` proves. Raises `Rejected("unauthenticated")`, `Transient`."""
        claims = self._claims(authorization)
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        now, starts = self._now().timestamp(), max(claims.iat, claims.nbf)
        in_time = starts - LEEWAY_SECONDS <= now < claims.exp + LEEWAY_SECONDS
        if claims.iss != self._issuer or self._audience not in audiences or not in_time:
            raise _nobody()
        if not all(map(ID.match, [claims.sub, *claims.locations])):
            raise _nobody()
        locations = frozenset(map(LocationId, claims.locations))
        return Session(UserId(claims.sub), locations, claims.role, impersonated=claims.act is not None)

    def _claims(self, authorization: str) -> _Claims:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or len(token) > LONGEST or not token.isascii():
            raise _nobody()
        try:
            header = jwt.get_unverified_header(token)
            kid, kind = header.get("kid"), str(header.get("typ", "JWT")).lower()
            key = self._key(kid) if isinstance(kid, str) and kind in TYPES else None
            if key is None or header.get("alg") != "RS256":
                raise _nobody()
            claims = jwt.decode(token, key, algorithms=["RS256"], options=OURS_TO_CHECK)
            for part in token.split(".")[:2]:
                json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_single)
            return msgspec.convert(claims, _Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError) as error:
            raise _nobody() from error


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a name that comes twice: two readers could take different ones."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def _nobody() -> Rejected:
    return Rejected("unauthenticated", "A valid token of the CRM is needed.")
