"""What Gmail's history says happened, gathered into what has to be looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mail import NEVER, SENT, STARRED, UNREAD

FLAGS = frozenset({UNREAD, STARRED})
RESCUED = frozenset({"SPAM", "TRASH"})


class ChangeKind(StrEnum):
    """The history records that matter here."""

    ADDED = "added"
    LABELS_ADDED = "labels_added"
    LABELS_REMOVED = "labels_removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one mail; `labels` are those added or removed, or those that an added mail has."""

    history_id: int
    kind: ChangeKind
    gmail_id: GmailId
    thread_id: ThreadId
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class FlagChange:
    """A flag as a history record set it; an older record never undoes a newer one (R17)."""

    history_id: int
    label: str
    on: bool


@dataclass(frozen=True, slots=True)
class Item:
    """All that happened to one mail within a chunk.

    `fresh`: it may have to be placed (arrived, sent, or taken out of spam or trash). `never`: the record itself says
    that it is a draft, chat, spam or trash, so that it need not even be asked for (R19). What was sent is asked for: it
    may be a send of our own, which counts whatever else became of it (R10). `rescued`: it came earlier, and all that
    makes it fresh is that it was taken out of spam or trash.
    """

    gmail_id: GmailId
    thread_id: ThreadId
    fresh: bool = False
    never: bool = False
    rescued: bool = False
    flags: tuple[FlagChange, ...] = ()
    last: int = 0
    """The history id of the newest record about it; 0 where it was not found by history."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Mails to look at together, and how far the cursor may move once all of them are settled.

    `first` names the chunk: the history id that it begins with, or for mail that was not found by history a name that
    is used once.
    """

    first: str
    items: tuple[Item, ...]
    cursor: int


def matters(change: Change) -> bool:
    """Whether a change can make any difference here."""
    match change.kind:
        case ChangeKind.ADDED:
            return True
        case ChangeKind.LABELS_ADDED:
            return bool(change.labels & (FLAGS | {SENT}))
        case ChangeKind.LABELS_REMOVED:
            return bool(change.labels & (FLAGS | RESCUED))


def chunks(changes: Sequence[Change], size: int, *, more: bool) -> Iterator[Chunk]:
    """The changes that matter, oldest first, in chunks of about `size` mails.

    A chunk ends between two records or, where one record names twice as many mails, inside it with a cursor that stays
    before it; likewise at the end of a page that has `more` after it, where the last record may go on.
    """
    items: dict[GmailId, Item] = {}
    first, cursor = 0, 0
    for at, change in enumerate(changes):
        if matters(change):
            first = first or change.history_id
            items[change.gmail_id] = _with(items.get(change.gmail_id), change)
        ends = changes[at + 1].history_id != change.history_id if at + 1 < len(changes) else not more
        cursor = change.history_id if ends else cursor
        if len(items) >= size and (ends or len(items) >= 2 * size):
            yield Chunk(str(first), tuple(items.values()), cursor)
            items, first = {}, 0
    if items or cursor:
        yield Chunk(str(first or cursor), tuple(items.values()), cursor)


def _with(item: Item | None, change: Change) -> Item:
    item = replace(item or Item(change.gmail_id, change.thread_id), last=change.history_id)
    match change.kind:
        case ChangeKind.ADDED:
            never = bool(change.labels & NEVER) and SENT not in change.labels
            return replace(item, fresh=True, never=never, rescued=False)
        case ChangeKind.LABELS_ADDED:
            sent = SENT in change.labels
            rescued = item.rescued and not sent
            item = replace(item, fresh=item.fresh or sent, never=item.never and not sent, rescued=rescued)
            return replace(item, flags=item.flags + _flags(change, on=True))
        case ChangeKind.LABELS_REMOVED:
            out = bool(change.labels & RESCUED)
            rescued = out if not item.fresh else item.rescued
            item = replace(item, fresh=item.fresh or out, never=item.never and not out, rescued=rescued)
            return replace(item, flags=item.flags + _flags(change, on=False))


def _flags(change: Change, *, on: bool) -> tuple[FlagChange, ...]:
    return tuple(FlagChange(change.history_id, label, on) for label in sorted(change.labels & FLAGS))
