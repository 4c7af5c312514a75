"""What the ways of a grant have in common: how it is sealed, and when it may be revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain import keys
from shared.domain.identifiers import mailbox_id
from shared.domain.mailbox import Mailbox
from shared.errors import Remedy, Transient
from shared.ports.gmail import GmailAccess, Grants, Sealer
from shared.ports.store import Query, Store, Where

KEPT, PENDING, VERIFIER, LAST = "refresh-token", "pending-grant", "pkce-verifier", "ended-grant"
"""What a text is sealed for: a mailbox's grant, a consent's grant and PKCE verifier, the grant of what has ended."""
COMPLETING: Final = timedelta(minutes=10)
"""Longer than a completion that began in time may take."""


@dataclass(frozen=True, slots=True)
class Google:
    """Everything of Google's that connecting and disconnecting touch."""

    mailboxes: GmailAccess
    grants: Grants
    sealer: Sealer


def give_up(store: Store, grants: Grants, refresh_token: str, subject: str, *, now: datetime) -> None:
    """Drops a grant that will not be kept; revokes it only if that ends no grant that is in use or soon may be (R03).

    A revocation ends all grants of that person to the project. One that fails is not repeated: the token is nowhere.
    """
    key = keys.mailbox(mailbox_id(subject))
    if in_use(store.read(key).value(key)) or awaited(store, subject, now):
        return
    try:
        grants.revoke(refresh_token)
    except Transient:
        return


def in_use(mailbox: Mailbox | None) -> bool:
    """Whether the mailbox has a grant that works, or that an administrator may let work again."""
    if not mailbox or not mailbox.grant or not mailbox.links:
        return False
    return not mailbox.trouble or mailbox.trouble.remedy is not Remedy.RECONNECT


def awaited(store: Store, subject: str, now: datetime) -> bool:
    """Whether a consent of the account is, or may be, about to be completed: a revocation would end its grant, too."""
    mine = Query(keys.CONSENTS, (Where("granted_to.subject", "==", subject),))
    return any(one.value.expires_at > now - COMPLETING for one in store.find(mine))
