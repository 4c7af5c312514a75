"""What was met before: mail that a list of Gmail's brings, and mail that was left out already."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from shared.domain import keys
from shared.domain.decisions import Parked
from shared.domain.history import Item
from shared.domain.identifiers import GmailId
from shared.domain.keys import Key
from shared.domain.mailbox import Mailbox
from shared.domain.message import KnownMail
from shared.ports.store import Query, Store, Where
from shared.usecases.batch import Batch

AT_ONCE: Final = 30
"""Values of one condition."""


def parked_among(batch: Batch, items: Iterable[Item], mailbox: Mailbox) -> dict[GmailId, Parked]:
    """Those of the items that are parked: a list tries them again, too."""
    wanted = {item.gmail_id: keys.parked(mailbox.id, item.gmail_id) for item in items}
    batch.load(wanted.values())
    return {gmail_id: parked for gmail_id, key in wanted.items() if (parked := batch.value(key))}


def left_out_before(store: Store, ids: Iterable[GmailId], mailbox: Mailbox) -> set[GmailId]:
    """Those of the mails that a rule left out already, or that were gone: they have counted."""
    wanted, met = list(ids), set[GmailId]()
    for first in range(0, len(wanted), AT_ONCE):
        some = (Where("ids", "array_contains_any", wanted[first : first + AT_ONCE]),)
        met |= {
            one
            for stored in store.find(Query(keys.decisions(mailbox.id), some, limit=1000))
            for one in stored.value.ids
        }
    return met.intersection(wanted)


def lacking(batch: Batch, items: Iterable[Item], mailbox: Mailbox) -> set[GmailId]:
    """Those of the items that are known, but not in every location of the mailbox; none that an operator dropped."""
    known = [one for item in items if (one := batch.value(keys.known_mail(mailbox.id, item.gmail_id)))]
    batch.load(key for one in known for key in _messages(one, mailbox))
    return {one.gmail_id for one in known if not one.dropped and not _everywhere(batch, one, mailbox)}


def _messages(known: KnownMail, mailbox: Mailbox) -> Iterator[Key[Any]]:
    for location, name in known.messages.items():
        if location in mailbox.links:
            yield keys.message(location, name)


def _everywhere(batch: Batch, known: KnownMail, mailbox: Mailbox) -> bool:
    there = [key for key in _messages(known, mailbox) if batch.value(key)]
    return len(there) == len(mailbox.links)
