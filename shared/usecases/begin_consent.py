"""Begins a consent: where the user is sent, and what is remembered until they come back (R01, R03, T01)."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain import keys
from shared.domain.connection import Connection, ConnectionState, Consent, Intent
from shared.domain.identifiers import LocationId, UserId, digest
from shared.domain.linking import already_connected, not_connected
from shared.errors import Rejected
from shared.ports.gmail import Grants, Sealer
from shared.ports.store import Create, Store
from shared.ports.world import Chance
from shared.usecases.absence import found
from shared.usecases.grants import VERIFIER

CONSENT_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """Google's consent page, and until when it may be answered."""

    authorize_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants, and the page of the CRM to return to."""

    location: LocationId
    user: UserId
    intent: Intent
    return_to: str


def consent_name(state: str) -> str:
    """The id of the consent that a state belongs to; the state itself is kept nowhere."""
    return digest("consent", state)


def begin_consent(
    wish: Wish,
    *,
    store: Store,
    grants: Grants,
    sealer: Sealer,
    chance: Chance,
    return_urls: frozenset[str],
    now: datetime,
) -> Begun:
    """Where to send the browser. Raises `Rejected` if the intent does not fit the connection as it is."""
    if wish.return_to not in return_urls:
        raise Rejected("invalid_request", "return_to is not one of the pages that are allowed.")
    at = keys.location(wish.location), keys.user(wish.location, wish.user), keys.connection(wish.location, wish.user)
    reading = store.read(*at)
    found(reading.value(at[0]))
    found(reading.value(at[1]))
    connection = reading.value(at[2])
    _check(store, wish.intent, connection)
    state, nonce, verifier = chance.token(), chance.token(), chance.token()
    name = consent_name(state)
    consent = Consent(
        location=wish.location,
        user=wish.user,
        intent=wish.intent,
        return_to=wish.return_to,
        nonce=nonce,
        verifier=sealer.seal(verifier, owner=name, purpose=VERIFIER),
        expires_at=now + CONSENT_WITHIN,
    )
    store.commit([Create(keys.consent(name), consent)])
    hint = connection.address if connection and wish.intent is Intent.RECONNECT else None
    url = grants.authorize_url(state=state, nonce=nonce, challenge=_challenge(verifier), login_hint=hint)
    return Begun(url, consent.expires_at)


def _check(store: Store, intent: Intent, connection: Connection | None) -> None:
    """Refuses at once what could only be refused in the end; the end checks again."""
    live = connection is not None and connection.state is ConnectionState.CONNECTED
    if (intent is Intent.RECONNECT and not connection) or (intent is Intent.UPDATE and not live):
        raise not_connected()
    if intent is Intent.CONNECT and connection and live:
        key = keys.mailbox(connection.mailbox)
        mailbox = store.read(key).value(key)
        if mailbox and not mailbox.trouble:
            raise already_connected()


def _challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode("ascii").rstrip("=")
