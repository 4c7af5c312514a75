"""Ends a user's connection at once; what was synced stays (R36, R39)."""

from dataclasses import dataclass, replace
from functools import partial

from shared.domain import keys
from shared.domain.connection import Connection, ConnectionState
from shared.domain.identifiers import LocationId, UserId, digest
from shared.domain.linking import detached
from shared.domain.mailbox import Mailbox
from shared.domain.places import AuditEntry
from shared.errors import Transient
from shared.ports.store import Create, Replace, Store, Write
from shared.ports.world import Event, Topics
from shared.usecases.contended import Patience
from shared.usecases.grants import Google, end_grant
from shared.usecases.mailbox_writes import MailboxChange, mailbox_writes


@dataclass(frozen=True, slots=True)
class Ended:
    """The mailbox as it was before, where a connection ended now."""

    connection: Connection
    mailbox: Mailbox | None
    last: bool


def disconnect(
    location: LocationId, user: UserId, *, by: UserId, store: Store, google: Google, topics: Topics, patience: Patience
) -> str:
    """Nothing is stored from now on for the connection; with the mailbox's last one its watch and grant end.

    Whoever works on the mailbox cannot commit what they read before. Without a connection nothing happens. What went
    wrong afterwards, or nothing: the connection has ended all the same. Raises `Transient`.
    """
    ended = patience.until_committed(partial(_end, store, location, user, by, patience))
    if not ended:
        return ""
    problem = end_grant(store, google, ended.mailbox) if ended.mailbox and ended.last else ""
    event = Event(
        id=f"connection.disconnected:{location}:{user}:{ended.connection.epoch}",
        type="connection.disconnected",
        location=location,
        occurred_at=patience.now(),
        details={"user": user},
    )
    try:
        topics.announce([event])
    except Transient:
        return f"{problem}, announce" if problem else "announce"
    return problem


def _end(store: Store, location: LocationId, user: UserId, by: UserId, patience: Patience) -> Ended | None:
    key = keys.connection(location, user)
    stored = store.read(key).stored(key)
    if not stored or stored.value.state is ConnectionState.DISCONNECTED:
        return None
    now, connection = patience.now(), stored.value
    ended = replace(connection, state=ConnectionState.DISCONNECTED, disconnected_at=now)
    line = keys.audit(location, digest("disconnected", user, str(connection.epoch)))
    writes: list[Write] = [Replace(stored, ended), Create(line, AuditEntry(now, by, "disconnected"))]
    mailbox = store.read(keys.mailbox(connection.mailbox)).stored(keys.mailbox(connection.mailbox))
    link = mailbox.value.links.get(location) if mailbox else None
    if not mailbox or not link or link.user != user:
        store.commit(writes)
        return Ended(connection, None, last=False)
    after = detached(mailbox.value, location)
    store.commit([*writes, *mailbox_writes(store, MailboxChange(mailbox, after))])
    return Ended(connection, mailbox.value, last=not after.links)
