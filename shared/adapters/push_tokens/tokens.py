"""Whether a push's token is Google's, for this very function, and made for our own subscription's account (T11)."""

from collections.abc import Callable
from datetime import datetime

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared.errors import Rejected

ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
LEEWAY_SECONDS = 60
OURS_TO_CHECK: jwt.types.Options = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_iss": False,
}
"""PyJWT knows only the system's clock, and takes lists of audiences."""


class Claims(msgspec.Struct):
    """What the token must say; times are seconds since 1970."""

    iss: str
    aud: str
    email: str
    email_verified: bool
    exp: float
    iat: float
    nbf: float = 0


class PushTokens:
    """`key` gives the public key of a key id; `account` is whom the subscription pushes as."""

    def __init__(
        self, key: Callable[[str], RSAPublicKey], *, audience: str, account: str, now: Callable[[], datetime]
    ) -> None:
        self._key, self._audience, self._account, self._now = key, audience, account, now

    def verify(self, authorization: str) -> None:
        """Accepts the value of `Authorization`, or raises: `Rejected`, or `Transient` without Google's certificates."""
        claims = self._read(authorization)
        now = self._now().timestamp()
        starts = max(claims.iat, claims.nbf)
        if claims.iss not in ISSUERS or not starts - LEEWAY_SECONDS <= now < claims.exp + LEEWAY_SECONDS:
            raise _unauthenticated()
        if claims.aud != self._audience or claims.email != self._account or not claims.email_verified:
            raise Rejected("forbidden", "The token was made for somebody else.")

    def _read(self, authorization: str) -> Claims:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise _unauthenticated()
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            if not isinstance(kid, str):
                raise _unauthenticated()
            told = jwt.decode(token, self._key(kid), algorithms=["RS256"], options=OURS_TO_CHECK)
            return msgspec.convert(told, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, UnicodeError) as error:
            raise _unauthenticated() from error


def _unauthenticated() -> Rejected:
    return Rejected("unauthenticated", "A valid token of Google's is needed.")
