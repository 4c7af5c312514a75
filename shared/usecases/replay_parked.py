"""Has a parked mail tried again at once, because an operator says so."""

from dataclasses import replace
from functools import partial

from shared.domain import keys
from shared.domain.decisions import Parked
from shared.ports.store import Replace
from shared.usecases.absence import nothing_here
from shared.usecases.operating import Operating, Target, due_now, must_be_usable, noted, wake


def replay_parked(ports: Operating, target: Target) -> Parked:
    """The mail as it is parked now, due at once; if it fails again it waits as its attempts have it.

    Raises `Rejected` (`not_found`, `not_connected`, `reauth_required`), `Transient`.
    """
    parked = ports.patience.until_committed(partial(_due, ports, target))
    wake(ports.topics, target.mailbox)
    return parked


def _due(ports: Operating, target: Target) -> Parked:
    key, mailbox_key = keys.parked(target.mailbox, target.gmail_id), keys.mailbox(target.mailbox)
    reading = ports.store.read(key, mailbox_key)
    stored, mailbox = reading.stored(key), reading.stored(mailbox_key)
    if not stored or not mailbox:
        raise nothing_here()
    must_be_usable(mailbox.value)
    due, at = replace(stored.value, retry_at=reading.at), reading.at
    after = replace(due_now(mailbox.value, at), parked_due=at)
    line = noted(target, "replayed", ports.patience.now())
    ports.store.commit([Replace(stored, due), Replace(mailbox, after), line])
    return due
