"""Records how an attempt ended: sent, failed, queued again, in doubt, or unknown for good."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import failures, keys
from shared.domain.mailbox import Mailbox
from shared.domain.marker import entry_of
from shared.domain.message import Failure, milliseconds
from shared.domain.outbox import QUEUE_AT_MOST, EntryState, OutboxEntry
from shared.domain.outbox_steps import ended, requeued, shown
from shared.domain.send_window import returned
from shared.errors import Gone, GrantLost, Refused, Transient
from shared.ports.gmail import MailHeaders, Sender, SentMail
from shared.ports.world import Event
from shared.usecases.adopt_sent import SentCopy, ended_event, needed_for, record_sent
from shared.usecases.batch import Batch
from shared.usecases.claim_thread import claim_told, release
from shared.usecases.conversation_home import home
from shared.usecases.delivery import Delivery, Outcome

ASK_AFTER = timedelta(seconds=5)
READ_BACK_AFTER = timedelta(minutes=1)


def end_sent(entry: OutboxEntry, sent: SentMail, sender: Sender, ports: Delivery) -> Outcome:
    """Gmail has accepted the mail: that is written whatever else happened to the entry meanwhile."""
    kept = headers_kept(sender, sent)
    copy = copy_of(entry, sent, kept)

    def attempt() -> Outcome:
        batch = Batch(ports.store)
        mailbox_key = keys.mailbox(entry.mailbox)
        batch.load([*needed_for(entry, copy), mailbox_key])
        now = ports.patience.now()
        current = batch.value(keys.outbox(entry.id)) or entry
        events = record_sent(batch, current, copy, batch.value(mailbox_key), now=now)
        mailbox = batch.value(mailbox_key)
        if mailbox and not mailbox.keeps_marker and kept and entry_of(kept.headers, ports.sealer) == entry.id:
            batch.put(mailbox_key, replace(mailbox, keeps_marker=True))
        _commit(batch, ports)
        return _told(events, EntryState.SENT, ports)

    return ports.patience.until_committed(attempt)


def headers_kept(sender: Sender, sent: SentMail) -> MailHeaders | None:
    """The headers that Gmail kept; None if they can't be read now: they are read later then (`read_back`)."""
    try:
        return sender.message_id(sent.gmail_id)
    except (Transient, GrantLost, Refused, Gone):
        return None


def copy_of(entry: OutboxEntry, sent: SentMail, kept: MailHeaders | None) -> SentCopy:
    """The sent copy, as much as is known of it."""
    if kept is None:
        return SentCopy(entry.mailbox, sent.gmail_id, sent.thread_id)
    message_id = (kept.headers.first("Message-ID") or "").strip()
    return SentCopy(entry.mailbox, sent.gmail_id, sent.thread_id, message_id, kept.labels, kept.history_id)


def fail(entry: OutboxEntry, failure: Failure, ports: Delivery) -> Outcome:
    """Certainly not sent, and not tried again by itself: shown with its reason, its place in the limit given back."""

    def change(batch: Batch, current: OutboxEntry) -> OutboxEntry:
        mailbox = batch.value(keys.mailbox(entry.mailbox))
        if mailbox and current.reserved_at:
            batch.put(keys.mailbox(mailbox.id), returned(mailbox, current.reserved_at))
        release(batch, current)
        return replace(ended(current, EntryState.FAILED), reserved_at=None)

    return _changed(entry, change, ports, failure=failure)


def postpone(entry: OutboxEntry, until: datetime, ports: Delivery, *, pause: bool = False) -> Outcome:
    """Certainly not sent; queued for `until`, with the whole mailbox's sends if Gmail named that time (R54).

    A wait beyond the entry's day is a failure now.
    """
    if until > (entry.queued_at or entry.accepted_at) + QUEUE_AT_MOST:
        return fail(entry, failures.EXPIRED, ports)

    def change(batch: Batch, current: OutboxEntry) -> OutboxEntry:
        mailbox = batch.value(keys.mailbox(entry.mailbox)) if pause else None
        if mailbox and not (mailbox.sends_paused_until and mailbox.sends_paused_until >= until):
            batch.put(keys.mailbox(mailbox.id), _paused(mailbox, until))
        return requeued(replace(current, thread_id=entry.thread_id), until)

    outcome = _changed(entry, change, ports, failure=failures.waiting(until) if pause else None)
    if outcome.state is EntryState.QUEUED and until <= ports.patience.now():
        ports.topics.deliver({entry.id: entry.trace})
    return outcome


def _paused(mailbox: Mailbox, until: datetime) -> Mailbox:
    return replace(mailbox, sends_paused_until=until)


def doubt(entry: OutboxEntry, ports: Delivery) -> Outcome:
    """Cut off, and the worker itself saw the end of the call; asked about soon."""
    now = ports.patience.now()
    return later(entry, now + ASK_AFTER, ports, seen=replace(entry, call_ended_at=now))


def later(entry: OutboxEntry, at: datetime, ports: Delivery, *, seen: OutboxEntry | None = None) -> Outcome:
    """Still in doubt; looked at again at the time given, with what was `seen` kept as evidence."""
    known = seen or entry

    def change(_: Batch, current: OutboxEntry) -> OutboxEntry:
        return replace(
            current,
            call_ended_at=known.call_ended_at,
            seen_history=known.seen_history,
            seen_at=known.seen_at,
            unseen=known.unseen,
            settle_at=at,
        )

    return _changed(entry, change, ports)


def unknown(entry: OutboxEntry, ports: Delivery) -> Outcome:
    """Nothing more can be found out: the user decides. It keeps its place in the limit (I7)."""
    return _changed(entry, lambda _, current: ended(current, EntryState.UNKNOWN), ports, failure=failures.UNKNOWN)


def _changed(
    entry: OutboxEntry,
    change: Callable[[Batch, OutboxEntry], OutboxEntry],
    ports: Delivery,
    *,
    failure: Failure | None = None,
) -> Outcome:
    """Writes entry and message, unless the entry went on since: by a later attempt, or its adoption as sent."""

    def attempt() -> Outcome:
        batch = Batch(ports.store)
        message_key = keys.message(entry.location, entry.id)
        contact_key = keys.contact(entry.location, entry.conversation)
        batch.load([keys.outbox(entry.id), message_key, contact_key, keys.mailbox(entry.mailbox)])
        current = batch.value(keys.outbox(entry.id))
        if current is None or _call(current) != _call(entry):
            return Outcome(current.state if current else None, "settled meanwhile")
        made = change(batch, current)
        batch.put(keys.outbox(entry.id), made)
        message = batch.value(message_key)
        if message and not message.purged:
            batch.put(message_key, shown(message, made.state, failure))
            changed = {"changed_ms": milliseconds(ports.patience.now())}
            whose = home(batch, entry.location, entry.conversation)
            batch.count(keys.conversation(entry.location, whose), latest=changed)
        _commit(batch, ports)
        reason = failure.code if failure else "in doubt" if made.state is EntryState.CALLING else ""
        if made.state in {EntryState.FAILED, EntryState.UNKNOWN}:
            now = ports.patience.now()
            return _told([ended_event(made, now=now), *claim_told(batch, made, now=now)], made.state, ports, reason)
        return Outcome(made.state, reason)

    return ports.patience.until_committed(attempt)


def _call(entry: OutboxEntry) -> tuple[int, EntryState, datetime | None]:
    """Which call of which attempt it is: one that another worker continued is that worker's to tell of."""
    return entry.attempt, entry.state, entry.called_at


def _commit(batch: Batch, ports: Delivery) -> None:
    if writes := batch.writes():
        ports.store.commit(writes)


def _told(events: Sequence[Event], state: EntryState, ports: Delivery, reason: str = "") -> Outcome:
    ports.topics.announce(events)
    return Outcome(state, reason)
