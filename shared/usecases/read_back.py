"""Reads the Message-ID of a sent mail that could not be read when it was sent, so that answers to it are recognised."""

from dataclasses import replace
from datetime import timedelta

from shared.domain import keys
from shared.domain.identifiers import GmailId
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import Gone, GrantLost, Refused, Transient
from shared.ports.gmail import SentMail
from shared.ports.store import Replace
from shared.usecases.adopt_sent import ended_event
from shared.usecases.delivery import Delivery, Outcome
from shared.usecases.end_entry import end_sent

AGAIN_AFTER = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=24)


def read_back(entry: OutboxEntry, ports: Delivery) -> Outcome:
    """Completes the record of a sent mail; without its copy or a usable mailbox it stays as it is."""
    mailbox = ports.store.read(keys.mailbox(entry.mailbox)).value(keys.mailbox(entry.mailbox))
    if mailbox is None or not mailbox.usable or not entry.gmail_id:
        return _put_off(entry, None, ports)
    now = ports.patience.now()
    sender = ports.gmail.sender(mailbox)
    try:
        kept = sender.message_id(GmailId(entry.gmail_id))
    except (Gone, Refused):
        return _put_off(entry, None, ports)
    except (Transient, GrantLost):
        old = now - (entry.called_at or entry.accepted_at) > GIVE_UP_AFTER
        return _put_off(entry, None if old else AGAIN_AFTER, ports)
    return end_sent(entry, SentMail(kept.gmail_id, kept.thread_id), sender, ports)


def _put_off(entry: OutboxEntry, wait: timedelta | None, ports: Delivery) -> Outcome:
    def attempt() -> Outcome:
        stored = ports.store.read(keys.outbox(entry.id)).stored(keys.outbox(entry.id))
        if stored and stored.value == entry:
            settle_at = ports.patience.now() + wait if wait else None
            ports.store.commit([Replace(stored, replace(entry, settle_at=settle_at))])
        ports.topics.announce([ended_event(entry, now=ports.patience.now())])
        return Outcome(EntryState.SENT, "Message-ID not known")

    return ports.patience.until_committed(attempt)
