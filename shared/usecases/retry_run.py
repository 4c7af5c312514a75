"""Sends a mail again that went through the provider, to those alone who did not get it; or settles what is in doubt."""

from dataclasses import replace

from shared.domain import keys, ledger
from shared.domain.identifiers import MessageId
from shared.domain.ledger import Line, LineState
from shared.domain.message import Message
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import Rejected
from shared.ports.store import Replace, Store, Stored
from shared.usecases.contended import Patience
from shared.usecases.keep_ledger import Ledger
from shared.usecases.ledger_pages import pages
from shared.usecases.write_letter import UNHEARD

ENDED = frozenset({EntryState.SENT, EntryState.FAILED, EntryState.UNKNOWN})


def retry_run(
    stored: Stored[OutboxEntry], name: MessageId, *, was_sent: bool | None, store: Store, patience: Patience
) -> None:
    """By the name of one recipient's message that one alone, by the run's own all of them (R55, R56).

    The lines come first: a retry that dies in between is found half done by the next one. Raises `Rejected`
    (`not_retryable`), and `Conflict` if the run went on meanwhile.
    """
    entry = stored.value
    if entry.state not in ENDED:
        raise Rejected("not_retryable", "The mail is still being sent.")
    key = keys.message(entry.location, entry.id)
    if not _changed(Ledger(entry, _living(store.read(key).value(key)), store, patience), name, was_sent, store):
        raise Rejected("not_retryable", "Only a failed mail, or one of unknown fate, can be settled like that.")
    now = patience.now()
    queued = replace(
        entry,
        state=EntryState.QUEUED,
        first_attempt=entry.attempt,
        not_before=None,
        queued_at=now,
        settle_at=now + UNHEARD,
    )
    store.commit([Replace(stored, queued)])


def _living(message: Message | None) -> Message | None:
    return message if message and not message.purged else None


def _changed(book: Ledger, name: MessageId, was_sent: bool | None, store: Store) -> bool:
    """Whether there was anything to change."""
    changed = False
    for part in pages(book.entry, store):
        for parcel in part.parcels:
            mine = name in {book.entry.id, parcel.name}
            if mine and any(_meant(line, was_sent) for line in part.of(parcel).values()):
                book.change(parcel, lambda _, line: _again(line, was_sent))
                changed = True
    return changed


def _meant(line: Line, was_sent: bool | None) -> bool:
    """A line that waits although its run has ended is what a retry left that died."""
    wanted = {LineState.FAILED, LineState.WAITING} if was_sent is None else {LineState.UNKNOWN}
    return line.state in wanted


def _again(line: Line, was_sent: bool | None) -> Line:
    if not _meant(line, was_sent):
        return line
    if was_sent:
        return ledger.ended(line, LineState.SENT, attempt=line.attempt)
    return replace(line, state=LineState.WAITING, tries=0, not_before=None, failure=None)
