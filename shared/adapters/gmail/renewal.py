"""What Google gives for a refresh token, which must be for as much and for whom it was granted (F23)."""

import base64
from typing import Any, Final

import msgspec

from shared.domain.connection import SCOPES
from shared.errors import GrantLost, Remedy, Transient

NEEDED: Final = frozenset(scope for scope in SCOPES if "/gmail." in scope)


class Renewal(msgspec.Struct, frozen=True):
    """An access token and its seconds. A refresh token in the answer is not read: the one that is kept stays good."""

    access_token: str
    expires_in: int
    scope: str = ""
    id_token: str = ""


def read_renewal(body: bytes, subject: str) -> Renewal:
    """The answer to a renewal for the account `subject`; empty where nobody is known yet.

    Raises `Transient` for what is no answer, and `GrantLost` for a grant that became less than a sync needs, or that
    is somebody else's: it came from Google itself, so that the id token needs no proof.
    """
    try:
        told = msgspec.json.decode(body, type=Renewal, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Transient("token endpoint: not an answer") from error
    if not told.access_token:
        raise Transient("token endpoint: not an answer")
    if told.scope and not {*told.scope.split()} >= NEEDED:
        raise GrantLost(Remedy.RECONNECT, "insufficientPermissions")
    if subject and _subject(told.id_token) not in {"", subject}:
        raise GrantLost(Remedy.RECONNECT, "another account")
    return told


def _subject(id_token: str) -> str:
    """Whom the token is about; nothing where it does not say."""
    claims = id_token.split(".")[1] if id_token.count(".") == 2 else ""  # noqa: PLR2004
    try:
        told = msgspec.json.decode(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)), type=dict[str, Any])
    except ValueError:
        return ""
    return str(told.get("sub", ""))
