"""Takes in the mails of a chunk: headers of what is new, a decision for each, bodies of what belongs, one commit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import keys
from shared.domain.decisions import Decided, Parked
from shared.domain.history import Chunk, Item
from shared.domain.identifiers import GmailId
from shared.domain.mailbox import Mailbox, renewed
from shared.errors import LeaseLost, Transient
from shared.ports.store import Delete
from shared.usecases.adopt_sent import sent_again
from shared.usecases.batch import Batch
from shared.usecases.decided_again import lacking, left_out_before, parked_among
from shared.usecases.discard_blobs import discard_blobs
from shared.usecases.ends import Ends
from shared.usecases.fetch_mail import Fetched, fetch_bodies, fetch_headers
from shared.usecases.hold_mailbox import Changed, refreshed
from shared.usecases.make_contact import told_again
from shared.usecases.mark_bounced import mark_bounced, read_reports
from shared.usecases.mirror_flags import mirror
from shared.usecases.place_mail import REPORT, answered, needed, place_mail
from shared.usecases.refresh_aliases import refresh_aliases
from shared.usecases.stage_mail import stage, stored_event
from shared.usecases.sync_work import Work
from shared.usecases.untold import noted

TRIES = 8
MOST_DOCUMENTS, MOST_BYTES = 400, 4_000_000
FRESH = timedelta(seconds=3)
"""After that long a fetch the people and policies that the decisions rest on are looked at once more (F40)."""


def take_in(work: Work, chunk: Chunk, *, tried: Mapping[GmailId, Parked] | None = None) -> None:
    """Settles every mail of the chunk and announces what was stored; the cursor moves with the next write.

    `tried` holds the parked mails among them. What happens to one mail alone parks that mail; what happens to the
    mailbox or the store is raised, and the whole chunk is done again later.
    """
    fetched = Fetched()
    for _ in range(TRIES):
        try:
            ends = _settled(work, chunk, fetched, dict(tried or {}))
        except (Changed, LeaseLost):
            _hold_on(work, fetched)
            continue
        discard_blobs(work, fetched)
        work.tell()
        _unpark(work, ends)
        work.settle(chunk.cursor)
        return
    raise Transient("store: the chunk is contended")


def _hold_on(work: Work, fetched: Fetched) -> None:
    """The mailbox as it is now. Raises `LeaseLost`; if its last connection ended, nothing of the chunk stays (R36)."""
    try:
        work.held = refreshed(work.ports.store, work.held)
    except LeaseLost:
        now = work.ports.store.read(work.held.stored.key).value(work.held.stored.key)
        if now is None or not now.usable:
            discard_blobs(work, fetched)
        raise
    if not work.mailbox.usable:
        discard_blobs(work, fetched)
        raise LeaseLost


def _settled(work: Work, chunk: Chunk, fetched: Fetched, tried: dict[GmailId, Parked]) -> Ends:
    mailbox, batch = work.mailbox, Batch(work.ports.store)
    fetched.staged.clear()
    ends = Ends(work, chunk, tried, repeated=work.again or work.careful or bool(fetched.committed))
    batch.load(
        [*(keys.known_mail(mailbox.id, item.gmail_id) for item in chunk.items), *map(keys.location, mailbox.links)]
    )
    again = batch.value(keys.decided(mailbox.id, chunk.first)) if work.again else None
    if work.listing:
        tried |= parked_among(batch, chunk.items, mailbox)
        ends.known_before = lacking(batch, chunk.items, mailbox) if work.listing.asked_at else set()
    new = []
    for item in chunk.items:
        known = batch.value(keys.known_mail(mailbox.id, item.gmail_id))
        if item.gmail_id in work.skip or (again and not known and _settled_before(item, again)):
            continue
        if item.never:
            ends.never(batch, item.gmail_id)
        elif known and item.gmail_id not in ends.known_before:
            _again(batch, item, ends)
        elif item.fresh:
            new.append(item.gmail_id)
            ends.recounted |= {item.gmail_id} if item.rescued else set()
    if ends.repeated or work.relisted or tried:
        ends.recounted |= left_out_before(work.ports.store, new, mailbox)
    _take_in_new(work, batch, new, fetched, ends)
    _commit(work, batch, fetched, ends)
    return ends


def _unpark(work: Work, ends: Ends) -> None:
    """What was parked and is stored now is told of: only now is it parked no more, unless an operator dropped it."""
    wanted = [keys.parked(work.mailbox.id, gmail_id) for gmail_id in ends.untold]
    if not wanted:
        return
    reading = work.ports.store.read(*wanted)
    gone = [Delete(key, stored) for key in wanted if (stored := reading.stored(key))]

    def changed(mailbox: Mailbox, at: datetime) -> Mailbox:
        return replace(renewed(mailbox, at=at), tally=mailbox.tally.plus(parked=-len(gone)))

    work.save(changed, gone)


def _settled_before(item: Item, before: Decided) -> bool:
    """Whether a mail that was left out needs no second look; a report's event may not have gone out (R57, R75)."""
    reports = any(left.rule == REPORT for left in before.left_out.get(item.gmail_id, {}).values())
    return item.gmail_id in before.ids and item.last <= before.through and not reports


def _again(batch: Batch, item: Item, ends: Ends) -> None:
    """A mail that is known already: its flags may have changed, and its events may not have gone out."""
    known = batch.value(keys.known_mail(ends.mailbox.id, item.gmail_id))
    if known is None:
        return
    if item.fresh:
        here = {location: name for location, name in known.messages.items() if location in ends.mailbox.links}
        ends.events += [stored_event(location, name, ends.at) for location, name in here.items()]
        if ends.repeated:
            ends.events += [event for at, name in here.items() for event in told_again(batch, at, name)]
            ends.events += [event for at, name in here.items() for event in sent_again(batch, at, name, now=ends.at)]
        ends.known(batch, item.gmail_id)
    ends.events += mirror(batch, known, item.flags, ends.mailbox.links, ends.at)


def _take_in_new(work: Work, batch: Batch, new: list[GmailId], fetched: Fetched, ends: Ends) -> None:
    fetch_headers(work, new, fetched)
    mails = [fetched.mails[gmail_id] for gmail_id in new if gmail_id in fetched.mails]
    refresh_aliases(work, mails)
    if work.at() - ends.at > FRESH and not batch.still(map(keys.location, ends.mailbox.links)):
        raise Changed
    rests_on = needed(mails, ends.mailbox)
    batch.load(rests_on)
    read_at = work.at()
    batch.load(answered(batch, mails, ends.mailbox))
    decided = []
    for mail in mails:
        with fetched.parking(mail.gmail_id):
            decided.append((mail, place_mail(batch, work, mail)))
    fetch_bodies(work, batch, decided, fetched)
    read_reports(work, decided, fetched)
    if work.at() - read_at > FRESH and not batch.still(rests_on):
        raise Changed
    for gmail_id in new:
        if reason := fetched.failed.get(gmail_id):
            ends.fail(batch, gmail_id, reason)
    for mail, places in decided:
        ends.events += places.created
        if mail.gmail_id in fetched.failed:
            continue
        mark_bounced(batch, mail, places, fetched, ends)
        stage(batch, mail, places, fetched, ends)
        if len(batch) > MOST_DOCUMENTS or ends.bytes > MOST_BYTES:
            _commit(work, batch, fetched, ends)


def _commit(work: Work, batch: Batch, fetched: Fetched, ends: Ends) -> None:
    ends.remember(batch)
    if work.mailbox.links != ends.mailbox.links:
        raise Changed

    def changed(mailbox: Mailbox, at: datetime) -> Mailbox:
        return replace(ends.counted(renewed(mailbox, at=at)), untold=noted(work.untold_with(ends.events)))

    work.save(changed, batch.writes())
    work.untold = work.untold_with(ends.events)
    batch.written(work.held.stored.version)
    fetched.committed |= fetched.staged
    fetched.staged.clear()
    ends.written()
