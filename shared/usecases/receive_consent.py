"""Google sends a browser back: the grant is kept for minutes, for the one session that began the consent (T01, T02)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from shared.domain import keys
from shared.domain.connection import SCOPES, Consent
from shared.domain.identifiers import digest
from shared.errors import Conflict, Refused, Rejected, Transient
from shared.ports.gmail import Granted, Grants, Sealer
from shared.ports.store import Delete, Replace, Store, Stored
from shared.ports.world import Chance
from shared.usecases.begin_consent import consent_name
from shared.usecases.grants import PENDING, VERIFIER, give_up

COMPLETE_WITHIN = timedelta(minutes=5)
LONGEST = 2_048
SHORT_NAMES = {"email": "https://www.googleapis.com/auth/userinfo.email"}


@dataclass(frozen=True, slots=True)
class CameBack:
    """What Google's redirect carried."""

    state: str
    code: str
    error: str


def code_digest(code: str) -> str:
    """What is kept of the random half of a connect code."""
    return digest("connect-code", code)


def receive_consent(
    back: CameBack,
    *,
    store: Store,
    grants: Grants,
    sealer: Sealer,
    chance: Chance,
    return_urls: frozenset[str],
    now: datetime,
) -> str:
    """The page of the CRM to send the browser to, with a connect code or an error (R03).

    Raises `Rejected`, before anything is asked of Google, for a state that is unknown, used or old, or whose page is
    no longer allowed.
    """
    if not back.state or len(back.state) > LONGEST or len(back.code) > LONGEST or not (back.code or back.error):
        raise _bad_state()
    key = keys.consent(consent_name(back.state))
    stored = store.read(key).stored(key)
    if not stored or stored.value.used or stored.value.expires_at <= now or stored.value.return_to not in return_urls:
        raise _bad_state()
    taken = _taken(store, stored)
    name = key.path.rpartition("/")[2]
    try:
        if back.error:
            return _ended(store, taken, error="access_denied")
        verifier = sealer.unseal(taken.value.verifier, owner=name, purpose=VERIFIER)
        granted = grants.exchange(code=back.code, verifier=verifier, nonce=taken.value.nonce, now=now)
        if not granted.refresh_token:
            return _ended(store, taken, error="unavailable")
        if missing := _missing(granted):
            _give_back(store, grants, granted, now)
            return _ended(store, taken, error="insufficient_permission", missing=" ".join(missing))
        try:
            sealed = sealer.seal(granted.refresh_token, owner=name, purpose=PENDING)
            return _kept(store, taken, granted, sealed=sealed, code=chance.token(), now=now)
        except Exception:
            _give_back(store, grants, granted, now)
            raise
    except (Refused, Transient, Conflict):
        return _ended(store, taken, error="unavailable")


def _taken(store: Store, stored: Stored[Consent]) -> Stored[Consent]:
    """The consent, used from now on; of two browsers with the same state one comes first."""
    used = replace(stored.value, used=True)
    try:
        return Stored(stored.key, used, store.commit([Replace(stored, used)]))
    except Conflict:
        raise _bad_state() from None


def _give_back(store: Store, grants: Grants, granted: Granted, now: datetime) -> None:
    """A grant that could not be kept; where not even the store tells whether it may be revoked, it is only dropped."""
    if granted.identity and granted.refresh_token:
        with suppress(Transient):
            give_up(store, grants, granted.refresh_token, granted.identity.subject, now=now)


def _missing(granted: Granted) -> list[str]:
    given = {SHORT_NAMES.get(scope, scope) for scope in granted.scopes}
    return [scope for scope in SCOPES if scope not in given]


def _kept(store: Store, taken: Stored[Consent], granted: Granted, *, sealed: str, code: str, now: datetime) -> str:
    waiting = replace(
        taken.value,
        granted_to=granted.identity,
        grant=sealed,
        scopes=granted.scopes,
        code=code_digest(code),
        verifier="",
        expires_at=now + COMPLETE_WITHIN,
    )
    store.commit([Replace(taken, waiting)])
    name = taken.key.path.rpartition("/")[2]
    return _returning(taken.value.return_to, {"connect_code": f"{name}.{code}"})


def _ended(store: Store, taken: Stored[Consent], **told: str) -> str:
    with suppress(Transient):  # It is used, and expires by itself.
        store.commit([Delete(taken.key)])
    return _returning(taken.value.return_to, told)


def _returning(return_to: str, told: Mapping[str, str]) -> str:
    """The page with what is told added to its query."""
    parts = urlsplit(return_to)
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return urlunsplit(parts._replace(query=query))


def _bad_state() -> Rejected:
    return Rejected("invalid_request", "This link is not, or no longer, valid.", action="Begin connecting again.")
