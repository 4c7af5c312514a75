"""Calls Gmail for a claimed entry: opens the upload, writes that the call begins, uploads, records what came of it."""

from dataclasses import replace

from shared.domain import failures
from shared.domain.composition import Composition, compose
from shared.domain.evidence import LOOK_AGAIN
from shared.domain.letters import letter_of
from shared.domain.mailbox import Mailbox
from shared.domain.marker import marker
from shared.domain.outbox import CALL_WITHIN, OutboxEntry
from shared.domain.outbox_steps import calling, too_old, wait
from shared.errors import Doubtful, Gone, GrantLost, Refused, Transient
from shared.ports.gmail import Sender, SentMail
from shared.ports.store import Replace, Stored
from shared.usecases.delivery import Delivery, Outcome
from shared.usecases.end_entry import doubt, end_sent, fail, later, postpone, unknown
from shared.usecases.lose_grant import lose_grant
from shared.usecases.read_body import read_body

PURPOSE = "upload-session"
NOT_SENT = (Refused, Gone, Transient, GrantLost)
"""What a call ends with where Gmail certainly did not accept the mail."""


def call_gmail(stored: Stored[OutboxEntry], mailbox: Mailbox, ports: Delivery) -> Outcome:
    """One attempt, by the worker that holds the claim. Raises `Conflict` where it no longer does: nothing was sent."""
    entry = stored.value
    try:
        mail = composed(entry, ports)
        sender = ports.gmail.sender(mailbox)
        session = sender.begin(mail.size, entry.thread_id)
    except NOT_SENT as error:
        return not_sent(entry, mailbox, error, ports)
    now = ports.patience.now()
    if entry.claimed_at is None or now - entry.claimed_at > CALL_WITHIN:
        return Outcome(entry.state, "too late for this claim")
    sealed = ports.sealer.seal(session, owner=entry.id, purpose=PURPOSE)
    begun = calling(entry, now, session=sealed, size=mail.size)
    ports.store.commit([Replace(stored, begun)])
    return upload(begun, mailbox, sender, session, mail, ports)


def composed(entry: OutboxEntry, ports: Delivery) -> Composition:
    """The entry's mail. Raises `Gone` if its body is not there any more, `Transient`."""
    body = read_body(entry.body, ports.blobs)
    letter = letter_of(
        entry,
        body,
        marker=marker(entry.id, ports.sealer),
        read=lambda name, start: ports.blobs.read(name, start=start),
    )
    return compose(letter)


def upload(
    entry: OutboxEntry,
    mailbox: Mailbox,
    sender: Sender,
    session: str,
    mail: Composition,
    ports: Delivery,
    *,
    start: int = 0,
) -> Outcome:
    """The call itself, once, for an entry that is `calling` in the store."""
    try:
        sent = sender.finish(session, mail, start=start)
    except Doubtful:
        return _asked_at_once(entry, sender, session, ports)
    except NOT_SENT as error:
        return not_sent(entry, mailbox, error, ports)
    return end_sent(entry, sent, sender, ports)


def _asked_at_once(entry: OutboxEntry, sender: Sender, session: str, ports: Delivery) -> Outcome:
    """The session may tell at once that the mail was accepted; anything else is left for later."""
    doubted = doubt(entry, ports)
    try:
        answer = sender.ask(session, entry.size)
    except NOT_SENT:
        return doubted
    return end_sent(entry, answer, sender, ports) if isinstance(answer, SentMail) else doubted


def _same_session(entry: OutboxEntry, mailbox: Mailbox, error: Exception, ports: Delivery) -> Outcome:
    now = ports.patience.now()
    at = error.retry_at if isinstance(error, Transient) and error.retry_at else now + LOOK_AGAIN
    lost = isinstance(error, GrantLost) and lose_grant(mailbox, error, ports)
    return unknown(entry, ports) if lost or too_old(entry, at) else later(entry, at, ports)


def not_sent(entry: OutboxEntry, mailbox: Mailbox, error: Exception, ports: Delivery) -> Outcome:
    """Gmail did not accept the mail: it waits for another try, or has failed, as the refusal says.

    Where a worker may yet wake that has the same session, it goes on in that session only.
    """
    now = ports.patience.now()
    if entry.unseen and not isinstance(error, Refused):
        return _same_session(entry, mailbox, error, ports)
    match error:
        case Transient():
            return postpone(entry, error.retry_at or now + wait(entry), ports, pause=error.retry_at is not None)
        case GrantLost():
            lost = lose_grant(mailbox, error, ports)
            return fail(entry, failures.grant_lost(error), ports) if lost else postpone(entry, now, ports)
        case Gone() if entry.thread_id:
            return postpone(replace(entry, thread_id=None), now, ports)
        case Gone():
            return fail(entry, failures.FILE_LOST, ports)
        case Refused():
            return fail(entry, failures.refused(error.reason), ports)
        case _:
            raise error
