"""Ends a user's connection at once; what was synced stays (R36, R39)."""

from dataclasses import replace
from functools import partial

from shared.domain import keys
from shared.domain.connection import ConnectionState, Ending
from shared.domain.identifiers import LocationId, UserId, digest
from shared.domain.keys import Key
from shared.domain.linking import detached
from shared.domain.places import AuditEntry
from shared.ports.store import Create, Put, Replace, Store, Write
from shared.ports.world import Topics
from shared.usecases.contended import Patience
from shared.usecases.finish_ending import ending_of, finish_ending
from shared.usecases.grants import Google
from shared.usecases.mailbox_writes import MailboxChange, mailbox_writes


def disconnect(
    location: LocationId, user: UserId, *, by: UserId, store: Store, google: Google, topics: Topics, patience: Patience
) -> str:
    """Nothing is stored from now on for the connection; with the mailbox's last one its watch and grant end.

    Whoever works on the mailbox cannot commit what they read before. Without a connection nothing happens. What went
    wrong afterwards, or nothing: the connection has ended all the same, and the rest is done later. Raises `Transient`.
    """
    ended = patience.until_committed(partial(_end, store, google, location, user, by, patience))
    if not ended:
        return ""
    return finish_ending(*ended, store=store, google=google, topics=topics, patience=patience)


def _end(
    store: Store, google: Google, location: LocationId, user: UserId, by: UserId, patience: Patience
) -> tuple[Key[Ending], Ending] | None:
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
    left = None
    if mailbox and link and link.user == user:
        after = detached(mailbox.value, location)
        left = None if after.links else mailbox.value
        writes += mailbox_writes(store, MailboxChange(mailbox, after))
    ending = ending_of(location, connection, left, google.sealer, now=now)
    store.commit([*writes, Put(*ending)])
    return ending
