"""Has Gmail notify about a mailbox, and keeps until when."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from shared.domain import keys
from shared.domain.identifiers import MailboxId
from shared.errors import Refused
from shared.ports.gmail import Gmail, Watch
from shared.ports.store import Replace, Store
from shared.usecases.contended import Patience


def watch(gmail: Gmail, topic: str) -> Watch:
    """A new or renewed watch; one that another topic has is stopped first (F34)."""
    try:
        return gmail.watch(topic)
    except Refused as error:
        if error.reason != "watch_elsewhere":
            raise
    gmail.stop()
    return gmail.watch(topic)


def keep_watch(store: Store, mailbox: MailboxId, version: int, *, until: datetime, patience: Patience) -> None:
    """Notes until when a mailbox is watched, if it still has the grant of that version."""
    patience.until_committed(partial(_keep, store, mailbox, version, until))


def _keep(store: Store, mailbox: MailboxId, version: int, until: datetime) -> None:
    key = keys.mailbox(mailbox)
    stored = store.read(key).stored(key)
    if stored and stored.value.usable and stored.value.granted == version:
        store.commit([Replace(stored, replace(stored.value, watch_expires_at=until))])
