"""Has one mailbox looked at at once, because an operator says so."""

from functools import partial

from shared.domain import keys
from shared.domain.mailbox import Mailbox
from shared.ports.store import Replace
from shared.usecases.absence import nothing_here
from shared.usecases.operating import Operating, Target, due_now, must_be_usable, noted, wake


def reconcile_mailbox(ports: Operating, target: Target) -> Mailbox:
    """The mailbox, due now: unless a worker holds it, or Gmail wants to be left alone until a time that it named.

    Raises `Rejected` (`not_found`, `not_connected`, `reauth_required`), `Transient`.
    """
    mailbox = ports.patience.until_committed(partial(_due, ports, target))
    wake(ports.topics, target.mailbox)
    return mailbox


def _due(ports: Operating, target: Target) -> Mailbox:
    key = keys.mailbox(target.mailbox)
    reading = ports.store.read(key)
    stored = reading.stored(key)
    if not stored:
        raise nothing_here()
    must_be_usable(stored.value)
    after = due_now(stored.value, reading.at)
    ports.store.commit([Replace(stored, after), noted(target, "reconciled", ports.patience.now())])
    return after
