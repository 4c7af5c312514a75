"""Ends the consents that nobody completed, and revokes the grants that they brought (R03)."""

from datetime import datetime, timedelta

from shared.domain import keys
from shared.domain.connection import Consent
from shared.domain.identifiers import mailbox_id
from shared.errors import Conflict, Refused, Transient
from shared.ports.gmail import Grants, Sealer
from shared.ports.store import Delete, Query, Store, Stored, Where
from shared.usecases.contended import Patience
from shared.usecases.grants import COMPLETING, PENDING, awaited, in_use

BUDGET = timedelta(seconds=20)
PAGE = 100


def drop_consents(*, store: Store, grants: Grants, sealer: Sealer, patience: Patience) -> int:
    """How many were ended in one run, the oldest first; what is not reached in time is the next run's.

    A grant is revoked only where that ends no grant in use. A revocation that fails is tried again by the next run, so
    its consent stays until then and the next ones have their turn. Raises `Transient` where the store can't be reached.
    """
    started, ended, after = patience.now(), 0, None
    while True:
        page = _page(store, started - COMPLETING, after)
        for stored in page:
            if patience.now() - started > BUDGET:
                return ended
            ended += _ended(store, grants, sealer, stored, started)
        if len(page) < PAGE:
            return ended
        after = page[-1].value.expires_at, page[-1].key.path.rpartition("/")[2]


def _page(store: Store, before: datetime, after: tuple[object, str] | None) -> list[Stored[Consent]]:
    expired = (Where("expires_at", "<=", before),)
    return store.find(Query(keys.CONSENTS, expired, order_by="expires_at", limit=PAGE, after=after))


def _ended(store: Store, grants: Grants, sealer: Sealer, stored: Stored[Consent], now: datetime) -> bool:
    try:
        _revoke(store, grants, sealer, stored, now)
        store.commit([Delete(stored.key, stored)])
    except (Transient, Conflict):
        return False
    return True


def _revoke(store: Store, grants: Grants, sealer: Sealer, stored: Stored[Consent], now: datetime) -> None:
    """Nothing to do without a grant, for one that can't be read any more, and where the account is or may be in use."""
    consent = stored.value
    if not consent.grant or not consent.granted_to:
        return
    key = keys.mailbox(mailbox_id(consent.granted_to.subject))
    if in_use(store.read(key).value(key)) or awaited(store, consent.granted_to.subject, now):
        return
    try:
        token = sealer.unseal(consent.grant, owner=stored.key.path.rpartition("/")[2], purpose=PENDING)
    except Refused:
        return
    grants.revoke(token)
