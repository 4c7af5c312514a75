"""Explain to a mailbox's own user what became of a mail and by which rule (R70)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import ConnectionState
from shared.domain.decisions import LeftOut
from shared.domain.identifiers import GmailId, LocationId, MailboxId, MessageId, UserId, received_message_id
from shared.domain.keys import Key
from shared.domain.mail import Mail, read_mail
from shared.domain.mailbox import Mailbox
from shared.domain.message import Message, Origin
from shared.domain.placement import Placement, Step, trace
from shared.errors import GrantLost, Rejected, Transient
from shared.ports.gmail import Gmail, GmailAccess, MailHeaders
from shared.ports.store import Query, Store, Where
from shared.usecases.absence import found
from shared.usecases.batch import Batch
from shared.usecases.ends import GONE
from shared.usecases.label_names import LabelNames
from shared.usecases.place_mail import Sight, answered, decide, look, needed

MOST = 100
JUDGED_AGAIN = 25
"""Mails whose headers are read again, at 20 units each, where nothing about them is kept any more."""
AT_ONCE = 30
FOREIGN = "R40"
"""The rule by which a mail of another location's CRM is left out."""


class Decision(StrEnum):
    """What became of a mail in a location."""

    STORED = "stored"
    LEFT_OUT = "left_out"
    GONE = "gone"
    PARKED = "parked"
    DROPPED = "dropped"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision on one mail of the mailbox, and the rules that led to it in their order."""

    gmail_id: GmailId
    decision: Decision
    rule: str | None = None
    message: MessageId | None = None
    policy_version: int | None = None
    trace: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which mail: exactly one of its Gmail id, its Message-ID as `<id>`, or an address that is on it."""

    gmail_id: GmailId | None = None
    message_id: str | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """Which part of what is found: at most `limit` mails, those that follow `after`."""

    limit: int = MOST
    after: GmailId | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """Some decisions; `after` leads to the next ones, if there are any."""

    items: tuple[Explanation, ...]
    after: GmailId | None


def explain(
    at: LocationId,
    asked: Asked,
    extent: Extent,
    *,
    caller: UserId,
    now: datetime,
    store: Store,
    access: Callable[[], GmailAccess],
    capture_domain: str = "",
) -> Explained:
    """The decisions on mails of the caller's own mailbox, the newest first where Gmail was asked, `MOST` in all.

    A page ends early rather than judging more than `JUDGED_AGAIN` mails again.
    Raises `Rejected` (`not_found`, `not_connected`), `GrantLost`, `Transient`.
    """
    mailbox = _own_mailbox(at, caller, store)
    ids = [asked.gmail_id] if asked.gmail_id else _found(at, asked, mailbox, _opened(mailbox, now, access), store)
    if extent.after:
        ids = ids[ids.index(extent.after) + 1 :] if extent.after in ids else []
    page = ids[: extent.limit]
    known = _kept(at, page, mailbox.id, now, store)
    unknown = [one for one in page if one not in known]
    if len(unknown) > JUDGED_AGAIN:
        page = page[: page.index(unknown[JUDGED_AGAIN])]
    if unknown and mailbox.usable:
        gmail = _opened(mailbox, now, access)
        sight = Sight(LabelNames(gmail.labels), capture_domain)
        known |= _judged_again(at, unknown[:JUDGED_AGAIN], mailbox, gmail, sight, store)
    items = tuple(known.get(one, Explanation(one, Decision.NOT_SEEN)) for one in page)
    return Explained(items, page[-1] if page and len(page) < len(ids) else None)


def _own_mailbox(at: LocationId, caller: UserId, store: Store) -> Mailbox:
    key, place = keys.connection(at, caller), keys.location(at)
    reading = store.read(key, place)
    found(reading.value(place))
    connection = reading.value(key)
    if connection is None or connection.state is not ConnectionState.CONNECTED:
        raise Rejected("not_connected", "There is no Gmail account of yours here.")
    mailbox_key = keys.mailbox(connection.mailbox)
    mailbox = store.read(mailbox_key).value(mailbox_key)
    if mailbox is None or at not in mailbox.links:
        raise Rejected("not_connected", "There is no Gmail account of yours here.")
    return mailbox


def _opened(mailbox: Mailbox, now: datetime, access: Callable[[], GmailAccess]) -> Gmail:
    if mailbox.trouble:
        raise GrantLost(mailbox.trouble.remedy, mailbox.trouble.reason)
    if mailbox.reads_paused_until and mailbox.reads_paused_until > now:
        raise Transient("mailbox paused", retry_at=mailbox.reads_paused_until)
    return access().open(mailbox)


def _found(at: LocationId, asked: Asked, mailbox: Mailbox, gmail: Gmail, store: Store) -> list[GmailId]:
    """The ids in the mailbox: what is stored by that name, then what Gmail finds."""
    if asked.message_id is None:
        query = "{" + " ".join(f"{field}:{asked.address}" for field in ("from", "to", "cc", "bcc")) + "}"
        return [one for one, _ in gmail.search(query, None, include_spam_trash=True).ids][:MOST]
    key = keys.message(at, received_message_id(asked.message_id, GmailId(""), mailbox.id))
    stored = store.read(key).value(key)
    if stored and stored.alias_of:
        key = keys.message(at, stored.alias_of)
        stored = store.read(key).value(key)
    own = stored.sources.get(mailbox.id) if stored else None
    query = f"rfc822msgid:{asked.message_id[1:-1]}"
    there = [one for one, _ in gmail.search(query, None, include_spam_trash=True).ids]
    return list(dict.fromkeys([*([own.gmail_id] if own else []), *there]))[:MOST]


def _kept(
    at: LocationId, ids: Sequence[GmailId], mailbox: MailboxId, now: datetime, store: Store
) -> dict[GmailId, Explanation]:
    """What the store remembers of the ids."""
    if not ids:
        return {}
    reading = store.read(*(key(mailbox, one) for one in ids for key in (keys.known_mail, keys.parked)))
    known = {one: reading.value(keys.known_mail(mailbox, one)) for one in ids}
    names = {one: mail.messages[at] for one, mail in known.items() if mail and at in mail.messages}
    stored = store.read(*(keys.message(at, name) for name in names.values())) if names else reading
    explained = _left_out(at, [one for one in ids if one not in names], mailbox, now, store)
    for one in ids:
        if one in names:
            explained[one] = _stored(one, names[one], stored.value(keys.message(at, names[one])))
        elif (mail := known[one]) and mail.dropped:
            explained[one] = Explanation(one, Decision.DROPPED)
        elif waiting := reading.value(keys.parked(mailbox, one)):
            explained[one] = Explanation(one, Decision.GONE if waiting.reason == GONE else Decision.PARKED)
    return explained


def _stored(gmail_id: GmailId, name: MessageId, message: Message | None) -> Explanation:
    rule = message.rule if message else ""
    version = message.policy_version if message else 0
    return Explanation(gmail_id, Decision.STORED, rule or None, name, version or None, trace(rule))


def _left_out(
    at: LocationId, ids: Sequence[GmailId], mailbox: MailboxId, now: datetime, store: Store
) -> dict[GmailId, Explanation]:
    """The latest decisions that are not older than they are kept."""
    chunks = []
    for start in range(0, len(ids), AT_ONCE):
        where = (Where("ids", "array_contains_any", list(ids[start : start + AT_ONCE])),)
        chunks += store.find(Query(keys.decisions(mailbox), where, limit=MOST))
    explained: dict[GmailId, Explanation] = {}
    for chunk in sorted((one.value for one in chunks if one.value.expires_at > now), key=lambda chunk: chunk.at):
        explained |= {one: Explanation(one, Decision.GONE) for one in chunk.gone if one in ids}
        here = {one: left[at] for one, left in chunk.left_out.items() if one in ids and at in left}
        explained |= {one: _decided(one, left) for one, left in here.items()}
    return explained


def _decided(gmail_id: GmailId, left: LeftOut) -> Explanation:
    return Explanation(gmail_id, Decision.LEFT_OUT, left.rule, None, left.policy_version, trace(left.rule))


def _judged_again(
    at: LocationId, ids: Sequence[GmailId], mailbox: Mailbox, gmail: Gmail, sight: Sight, store: Store
) -> dict[GmailId, Explanation]:
    """The rules run again on headers asked for again; what they would take in has just not been seen yet."""
    mails = [_mail(one) for one in gmail.headers(ids) if isinstance(one, MailHeaders)]
    batch = Batch(store)
    batch.load([*needed(mails, mailbox), *(keys.known_mail(mailbox.id, mail.gmail_id) for mail in mails)])
    batch.load([*answered(batch, mails, mailbox), *_kept_elsewhere(batch, mails, mailbox)])
    settings = batch.value(keys.location(at))
    explained: dict[GmailId, Explanation] = {}
    if settings is None:
        return explained
    for mail in mails:
        if any(_of_a_crm(batch.value(key)) for key in _kept_elsewhere(batch, [mail], mailbox)):
            placement = Placement(FOREIGN, trace=trace(FOREIGN))
        elif _awaited(mail, mailbox):
            continue
        else:
            placement = decide(batch, mail, look(batch, mailbox, settings, mailbox.links[at], mail, sight))
        if placement.conversation is None:
            left_out = _decided(mail.gmail_id, LeftOut(placement.rule, settings.policy_version))
            explained[mail.gmail_id] = replace(left_out, trace=placement.trace)
    return explained


def _kept_elsewhere(batch: Batch, mails: Sequence[Mail], mailbox: Mailbox) -> list[Key[Message]]:
    """What the mails are in other locations; where they are kept in this one, they are not judged again."""
    known = [batch.value(keys.known_mail(mailbox.id, mail.gmail_id)) for mail in mails]
    return [keys.message(location, name) for one in known if one for location, name in one.messages.items()]


def _of_a_crm(message: Message | None) -> bool:
    return message is not None and message.origin is Origin.CRM


def _awaited(mail: Mail, mailbox: Mailbox) -> bool:
    """Whether the sync has not come to the mail yet: it is ahead of the cursor, or in what a catch-up goes through."""
    behind = mailbox.catch_up
    return mail.history_id > mailbox.cursor or (behind is not None and mail.internal_at >= behind.since)


def _mail(read: MailHeaders) -> Mail:
    return read_mail(
        gmail_id=read.gmail_id,
        thread_id=read.thread_id,
        labels=read.labels,
        internal_at=read.internal_at,
        history_id=read.history_id,
        headers=read.headers,
    )
