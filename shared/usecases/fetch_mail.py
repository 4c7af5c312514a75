"""Asks Gmail for the mails of a chunk: headers first; bodies only of what a location is to have and does not have."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from shared.domain import budget
from shared.domain.blob_owner import folder_of
from shared.domain.delivery_status import DeliveryReport
from shared.domain.identifiers import GmailId, LocationId, MessageId
from shared.domain.mail import Mail, read_mail
from shared.errors import (
    Conflict,
    CursorExpired,
    Gone,
    GrantLost,
    LeaseLost,
    PageExpired,
    Transient,
)
from shared.ports.gmail import FullMail, MailHeaders
from shared.usecases.always_fails import AlwaysFails, blaming_the_mail
from shared.usecases.batch import Batch
from shared.usecases.doubted_send import InDoubt
from shared.usecases.ends import GONE
from shared.usecases.hold_mailbox import Changed
from shared.usecases.place_mail import Places, own_name, slot
from shared.usecases.store_content import Content, copy_content, store_content
from shared.usecases.sync_work import Interrupted, Work

T = TypeVar("T")
OF_THE_MAILBOX = (Transient, GrantLost, LeaseLost, Changed, Conflict, CursorExpired, PageExpired, Interrupted)
"""What concerns the mailbox or the store, not one mail."""
BODIES = 10
"""Whole mails in memory at a time."""


@dataclass(slots=True)
class Fetched:
    """What Gmail said of a chunk's mails: kept over a repeat, so that nothing is fetched twice.

    `contents` have blobs behind them, written for the message in `names`; those `committed` are in the store.
    """

    mails: dict[GmailId, Mail] = field(default_factory=dict)
    failed: dict[GmailId, str] = field(default_factory=dict)
    reports: dict[GmailId, DeliveryReport] = field(default_factory=dict)
    contents: dict[tuple[LocationId, GmailId], Content] = field(default_factory=dict)
    names: dict[tuple[LocationId, GmailId], MessageId] = field(default_factory=dict)
    staged: set[tuple[LocationId, GmailId]] = field(default_factory=set)
    committed: set[tuple[LocationId, GmailId]] = field(default_factory=set)

    @contextmanager
    def parking(self, gmail_id: GmailId) -> Iterator[None]:
        """What goes wrong with this mail alone is kept as the reason to park it, never as its text."""
        try:
            yield
        except OF_THE_MAILBOX:
            raise
        except Gone:
            self.failed[gmail_id] = GONE
        except AlwaysFails as error:
            self.failed[gmail_id] = str(error)
        except InDoubt:
            self.failed[gmail_id] = "may be a send in doubt"
        except Exception as error:  # noqa: BLE001 - one mail that raises must not stop the others (F29)
            self.failed[gmail_id] = f"unreadable: {type(error).__name__}"


def _asked(
    work: Work, ids: Sequence[GmailId], ask: Callable[[Sequence[GmailId]], list[T | Exception]]
) -> list[T | Exception]:
    """Gmail's answers. To a careful worker, who asks for one mail at a time, trouble is that mail's alone (F29)."""
    try:
        with blaming_the_mail(careful=work.careful):
            return ask(ids)
    except AlwaysFails as error:
        return [error for _ in ids]


def fetch_headers(work: Work, ids: Sequence[GmailId], fetched: Fetched) -> None:
    """The headers of mails that were not asked for yet."""
    wanted = [one for one in ids if one not in fetched.mails and one not in fetched.failed]
    work.counts["headers"] += len(wanted)
    while wanted:
        count = work.spend_on(budget.GET, len(wanted))
        some, wanted = wanted[:count], wanted[count:]
        for gmail_id, answer in zip(some, _asked(work, some, work.gmail.headers), strict=True):
            with fetched.parking(gmail_id):
                fetched.mails[gmail_id] = _read(answer)


def _read(answer: MailHeaders | Exception) -> Mail:
    if isinstance(answer, Exception):
        raise answer
    return read_mail(
        gmail_id=answer.gmail_id,
        thread_id=answer.thread_id,
        labels=answer.labels,
        internal_at=answer.internal_at,
        history_id=answer.history_id,
        headers=answer.headers,
    )


def fetch_bodies(work: Work, batch: Batch, decided: Sequence[tuple[Mail, Places]], fetched: Fetched) -> None:
    """The bodies and attachments of mails that a location is to have and that no other way has brought there."""
    wanted: dict[GmailId, tuple[Mail, list[LocationId]]] = {}
    for mail, places in decided:
        with fetched.parking(mail.gmail_id):
            if lacking := _lacking(work, batch, mail, places, fetched):
                wanted[mail.gmail_id] = mail, lacking
    ids = list(wanted)
    for first in range(0, len(ids), BODIES):
        some = ids[first : first + BODIES]
        work.spend(budget.GET * len(some))
        for gmail_id, answer in zip(some, _asked(work, some, work.gmail.fulls), strict=True):
            with fetched.parking(gmail_id), blaming_the_mail(careful=work.careful):
                _keep(work, batch, *wanted[gmail_id], _whole(answer), fetched)
        work.counts["bodies"] += len(some)


def _lacking(work: Work, batch: Batch, mail: Mail, places: Places, fetched: Fetched) -> list[LocationId]:
    return [
        placed.location
        for placed in places.placed
        if placed.placement.conversation
        and (placed.location, mail.gmail_id) not in fetched.contents
        and slot(batch, placed.location, work.mailbox, mail)[1] is None
    ]


def _whole(answer: FullMail | Exception) -> FullMail:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _keep(work: Work, batch: Batch, mail: Mail, locations: list[LocationId], full: FullMail, fetched: Fetched) -> None:
    first: Content | None = None
    for location in locations:
        name, _ = slot(batch, location, work.mailbox, mail)
        folder = folder_of(location, name, own_name(mail), f"{work.mailbox.id}/{mail.gmail_id}")
        if first is None:
            first = content = store_content(work, folder, full)
        else:
            content = copy_content(work.ports.blobs, first, folder)
        fetched.contents[location, mail.gmail_id] = content
        fetched.names[location, mail.gmail_id] = name
