"""Sends a mail again that went through the provider, to those alone who did not get it; or settles what is in doubt."""

from dataclasses import replace
from datetime import timedelta

from shared.domain import keys, ledger
from shared.domain.identifiers import MessageId
from shared.domain.ledger import Line, LineState, Parcel
from shared.domain.message import Message
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import Rejected
from shared.ports.store import Replace, Store, Stored
from shared.usecases.contended import Patience
from shared.usecases.keep_ledger import Ledger
from shared.usecases.ledger_pages import page, pages
from shared.usecases.write_letter import UNHEARD

ENDED = frozenset({EntryState.SENT, EntryState.FAILED, EntryState.UNKNOWN})
FINISHED_AFTER = timedelta(minutes=5)
"""Longer than a function lives that answers a call."""


def retry_run(
    stored: Stored[OutboxEntry], name: MessageId, *, was_sent: bool | None, store: Store, patience: Patience
) -> None:
    """By the name of one recipient's message that one alone, by the run's own all of them (R55, R56).

    What is known of one recipient's mail says nothing of the others': where the run's own message is itself in doubt,
    `was_sent` means its recipient alone. The entry is due before its lines are changed: a retry that dies in between
    is finished by whoever delivers it then. Raises `Rejected` (`not_retryable`), and `Conflict` if the run went on
    meanwhile.
    """
    entry = stored.value
    if entry.state not in ENDED:
        raise Rejected("not_retryable", "The mail is still being sent.")
    key = keys.message(entry.location, entry.id)
    book = Ledger(entry, _living(store.read(key).value(key)), store, patience)
    wanted = _wanted(book, name, was_sent, store)
    if not wanted:
        raise Rejected("not_retryable", "Only a failed mail, or one of unknown fate, can be settled like that.")
    now = patience.now()
    begun = replace(entry, first_attempt=entry.attempt, not_before=None, queued_at=now, settle_at=now + FINISHED_AFTER)
    version = store.commit([Replace(stored, begun)])
    for parcel in wanted:
        book.change(parcel, lambda _, line: _again(line, was_sent, told_in=entry.attempt + 1))
    queued = replace(begun, state=EntryState.QUEUED, settle_at=patience.now() + UNHEARD)
    store.commit([Replace(Stored(stored.key, begun, version), queued)])


def _living(message: Message | None) -> Message | None:
    return message if message and not message.purged else None


def _wanted(book: Ledger, name: MessageId, was_sent: bool | None, store: Store) -> list[Parcel]:
    """Whose lines are to be changed."""
    alone = was_sent is not None and _in_doubt(book.entry, name, store)
    return [
        parcel
        for part in pages(book.entry, store)
        for parcel in part.parcels
        if name == parcel.name or (name == book.entry.id and not alone)
        if any(_meant(line, was_sent) for line in part.of(parcel).values())
    ]


def _in_doubt(entry: OutboxEntry, name: MessageId, store: Store) -> bool:
    """Whether the message that the name belongs to shows a recipient in doubt."""
    shown = page(entry, entry.shown_line // ledger.ON_A_ROLL, store)
    parcel = next((one for one in shown.parcels if one.name == name), None)
    return parcel is not None and any(line.state is LineState.UNKNOWN for line in shown.of(parcel).values())


def _meant(line: Line, was_sent: bool | None) -> bool:
    """A line that waits although its run has ended is what a retry left that died."""
    wanted = {LineState.FAILED, LineState.WAITING} if was_sent is None else {LineState.UNKNOWN}
    return line.state in wanted


def _again(line: Line, was_sent: bool | None, *, told_in: int) -> Line:
    if not _meant(line, was_sent):
        return line
    if was_sent:
        return ledger.ended(line, LineState.SENT, attempt=told_in)
    return replace(line, state=LineState.WAITING, tries=0, not_before=None, failure=None)
