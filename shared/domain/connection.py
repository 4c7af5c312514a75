"""A user's use of a mailbox in one location, and the consent that leads to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.identifiers import LocationId, MailboxId, UserId

SCOPES = (
    "openid",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/gmail.readonly",
    "https://www.googleapis.com/auth/gmail.send",
)
"""What a consent must grant (R03), as Google names it in its answers."""


class ConnectionState(StrEnum):
    """What a connection itself remembers; trouble with the grant is the mailbox's."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Connection:
    """One per user and location; each life of it has the next epoch."""

    user: UserId
    mailbox: MailboxId
    address: str
    state: ConnectionState
    connected_at: datetime
    epoch: int = 1
    disconnected_at: datetime | None = None
    superseded: tuple[MailboxId, ...] = ()
    exclusions: tuple[str, ...] = ()
    """Addresses, domains and labels whose mail the user keeps out (R24); mirrored on the mailbox's link."""
    signature: bool = False
    """Whether what the user sends from the CRM ends with the signature that Gmail has for the sender (R50)."""


class Intent(StrEnum):
    """What the user began the consent for."""

    CONNECT = "connect"
    RECONNECT = "reconnect"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who consented, from Google's id token."""

    subject: str
    email: str
    hosted_domain: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent on its way: begun by a CRM session, granted in some browser, completed by the same session."""

    location: LocationId
    user: UserId
    intent: Intent
    return_to: str
    nonce: str
    expires_at: datetime
    verifier: str = ""
    granted_to: Identity | None = None
    grant: str = ""
    scopes: tuple[str, ...] = ()
    code: str = ""
    used: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """What is left to do after a connection has ended: its sends, its mailbox's grant, the word to the CRM (R36, R39).

    `grant` is the refresh token, sealed for this document alone; empty where the mailbox goes on. `announced`: nothing
    has to be said of it, since another mailbox took this one's place. `untold` is the mailbox's, if this was the last
    of its connections.
    """

    location: LocationId
    user: UserId
    mailbox: MailboxId
    epoch: int
    ended_at: datetime
    grant: str = ""
    announced: bool = False
    untold: str = ""
