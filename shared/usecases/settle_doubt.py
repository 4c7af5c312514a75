"""Settles a send whose call was cut off: by its session, by the sync's adoption, by proof of absence, or not at all.

There is no second reader of the history here: evidence is what the sync has covered, and where nothing proves anything
the user decides (R55, F52, F53, F59).
"""

from dataclasses import replace
from datetime import timedelta

from shared.domain import keys
from shared.domain.connection import Connection, ConnectionState
from shared.domain.evidence import LOOK_AGAIN, Verdict, ended_by, judged, look_again
from shared.domain.mailbox import Mailbox
from shared.domain.outbox import OutboxEntry
from shared.domain.outbox_steps import calling, taken_over
from shared.errors import CursorExpired, Gone, GrantLost, Refused, Transient
from shared.ports.gmail import Sender, SentMail, SessionAnswer
from shared.ports.store import Replace, Stored, Where
from shared.usecases.call_gmail import PURPOSE, composed, upload
from shared.usecases.delivery import Delivery, Outcome
from shared.usecases.end_entry import end_sent, later, postpone, unknown
from shared.usecases.lose_grant import lose_grant

HOLD = timedelta(seconds=60)
ASK_FOR = timedelta(hours=2)
"""How long a session that gives no answer at all is asked."""


def settle_doubt(stored: Stored[OutboxEntry], ports: Delivery) -> Outcome:
    """One look at an entry in doubt whose time has come. Raises `Conflict` if another worker looks at it."""
    entry = stored.value
    now = ports.patience.now()
    mailbox_key, connection_key = keys.mailbox(entry.mailbox), keys.connection(entry.location, entry.user)
    reading = ports.store.read(mailbox_key, connection_key)
    mailbox = reading.value(mailbox_key)
    if mailbox is None or not _usable(entry, mailbox, reading.value(connection_key)):
        return unknown(entry, ports)
    held = replace(entry, settle_at=now + HOLD)
    version = ports.store.commit([Replace(stored, held)])
    return _asked(Stored(stored.key, held, version), mailbox, ports, marker_survives=mailbox.keeps_marker)


def _usable(entry: OutboxEntry, mailbox: Mailbox, connection: Connection | None) -> bool:
    """Whether Gmail may still be asked through the very connection that sent it (R39)."""
    if connection is None or connection.state is not ConnectionState.CONNECTED:
        return False
    begun = entry.queued_at or entry.accepted_at
    return mailbox.usable and connection.mailbox == mailbox.id and connection.connected_at <= begun


def _asked(stored: Stored[OutboxEntry], mailbox: Mailbox, ports: Delivery, *, marker_survives: bool) -> Outcome:
    entry, now = stored.value, ports.patience.now()
    sender = ports.gmail.sender(mailbox)
    try:
        session = ports.sealer.unseal(entry.session, owner=entry.id, purpose=PURPOSE)
        answer = sender.ask(session, entry.size)
    except Refused:
        session, answer = "", SessionAnswer.UNKNOWN
    except Transient as error:
        if now > ended_by(entry) + ASK_FOR:
            return unknown(entry, ports)
        return later(entry, error.retry_at or now + LOOK_AGAIN, ports)
    except GrantLost as error:
        return _grant_lost(entry, mailbox, error, ports)
    match answer:
        case SentMail():
            return end_sent(entry, answer, sender, ports)
        case int():
            return _continued(stored, mailbox, sender, session, answer, ports)
        case SessionAnswer.INCOMPLETE:
            return _by_evidence(replace(entry, unseen=True), mailbox, ports, marker_survives=marker_survives)
        case SessionAnswer.UNKNOWN:
            return _by_evidence(entry, mailbox, ports, marker_survives=marker_survives)


def _continued(
    stored: Stored[OutboxEntry], mailbox: Mailbox, sender: Sender, session: str, start: int, ports: Delivery
) -> Outcome:
    """Gmail has only the first `start` bytes, so it did not send: the same session goes on with the same mail."""
    entry = stored.value
    try:
        mail = composed(entry, ports)
    except (Gone, Transient):
        return later(entry, ports.patience.now() + LOOK_AGAIN, ports)
    mine = taken_over(entry)
    if mail.size != entry.size:
        return unknown(entry, ports) if mine.unseen else postpone(entry, ports.patience.now(), ports)
    begun = calling(mine, ports.patience.now(), session=entry.session, size=entry.size)
    ports.store.commit([Replace(stored, begun)])
    return upload(begun, mailbox, sender, session, mail, ports, start=start)


def _by_evidence(entry: OutboxEntry, mailbox: Mailbox, ports: Delivery, *, marker_survives: bool) -> Outcome:
    now = ports.patience.now()
    verdict = judged(entry, mailbox, marker_survives=marker_survives, parked=0, at=now)
    if verdict is Verdict.ABSENT:
        verdict = _looked_up(entry, ports, marker_survives=marker_survives)
    match verdict:
        case Verdict.WAIT:
            return later(entry, look_again(entry, now), ports)
        case Verdict.MARK_POINT:
            return _point_marked(entry, mailbox, ports)
        case Verdict.ABSENT:
            return _absent(entry, mailbox, ports)
        case Verdict.UNKNOWN:
            return unknown(entry, ports)


def _looked_up(entry: OutboxEntry, ports: Delivery, *, marker_survives: bool) -> Verdict:
    """The verdict on what the store itself says is parked.

    The mailbox is read after it was asked: a parked mail that turned out to be gone is then in one of the two.
    """
    parked = ports.store.count(keys.PARKED, [Where("mailbox", "==", entry.mailbox)])
    key = keys.mailbox(entry.mailbox)
    mailbox = ports.store.read(key).value(key)
    if mailbox is None:
        return Verdict.UNKNOWN
    return judged(entry, mailbox, marker_survives=marker_survives, parked=parked, at=ports.patience.now())


def _point_marked(entry: OutboxEntry, mailbox: Mailbox, ports: Delivery) -> Outcome:
    """Takes the history id that the sync has to pass, and has it come by."""
    now = ports.patience.now()
    try:
        history_id = ports.gmail.open(mailbox).profile().history_id
    except (Transient, Refused):
        return later(entry, now + LOOK_AGAIN, ports)
    except GrantLost as error:
        return _grant_lost(entry, mailbox, error, ports)
    outcome = later(entry, now + LOOK_AGAIN, ports, seen=replace(entry, seen_history=history_id, seen_at=now))
    ports.topics.wake([mailbox.id])
    return outcome


def _absent(entry: OutboxEntry, mailbox: Mailbox, ports: Delivery) -> Outcome:
    """Queued again, if the history since before the call is still there: a list that was caught up may hide mail."""
    now = ports.patience.now()
    try:
        ports.gmail.open(mailbox).history(entry.cursor_before, None)
    except CursorExpired:
        return unknown(entry, ports)
    except (Transient, Refused):
        return later(entry, now + LOOK_AGAIN, ports)
    except GrantLost as error:
        return _grant_lost(entry, mailbox, error, ports)
    return postpone(entry, now, ports)


def _grant_lost(entry: OutboxEntry, mailbox: Mailbox, error: GrantLost, ports: Delivery) -> Outcome:
    if lose_grant(mailbox, error, ports):
        return unknown(entry, ports)
    return later(entry, ports.patience.now(), ports)
