"""Renews what Gmail would soon stop notifying about, and learns of aliases and addresses that changed (F32-F34)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import MailboxId
from shared.domain.linking import NO_WATCH
from shared.domain.mailbox import Alias, Mailbox
from shared.errors import GrantLost, Refused, Transient
from shared.ports.gmail import GmailAccess
from shared.ports.store import Query, Store, Stored, Where
from shared.ports.world import Topics
from shared.usecases.condemn_mailbox import condemn
from shared.usecases.contended import Patience
from shared.usecases.mailbox_writes import MailboxChange, mailbox_writes
from shared.usecases.tell_connected import connected_events
from shared.usecases.watch_mailbox import watch

AHEAD = timedelta(hours=36)
LONG = timedelta(hours=24)
"""A watch that lapsed so long ago is nobody's passing trouble."""
HOUR, STRIDE = 3_600, 7_919
"""Seconds; and how far apart two hours' runs begin among the mailboxes without a watch."""
BUDGET = timedelta(minutes=8)
PAGE = 100


@dataclass(slots=True)
class Renewed:
    """How many mailboxes were renewed, failed (with why, by id) and were left alone; `unfinished` if time ran out.

    `overdue` are those met whose watch had lapsed for more than a day, renewed now or not: somebody must look.
    """

    renewed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    overdue: list[MailboxId] = field(default_factory=list)
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What Gmail says of a mailbox now."""

    address: Address
    name: str
    aliases: tuple[Alias, ...]
    until: datetime


def renew_watches(
    *, store: Store, mailboxes: GmailAccess, topics: Topics, gmail_topic: str, patience: Patience
) -> Renewed:
    """One run over the mailboxes whose watch lapses soon, the next one first, then over those that have none any more.

    One that fails never stops the rest, and stays due; what is not reached in time is the next run's. Those without a
    watch are begun with another one each hour, so that none waits for ever behind some that always fail (F33).
    """
    started, done = patience.now(), Renewed()
    for stored in _due(store, started):
        if patience.now() - started > BUDGET:
            done.unfinished = True
            break
        mailbox = stored.value
        if not mailbox.usable:
            done.skipped += 1
            continue
        if _without(mailbox) <= started - LONG:
            done.overdue.append(mailbox.id)
        try:
            if mailbox.watch_expires_at == NO_WATCH:
                topics.announce(connected_events(mailbox, mailbox.links, now=patience.now()))
            _renew(store, mailboxes, mailbox, gmail_topic, patience)
            done.renewed += 1
        except (Transient, Refused) as error:
            done.failed[mailbox.id] = str(error)
        except GrantLost as error:
            done.failed[mailbox.id] = str(error)
            _condemn(store, topics, mailbox, error, patience.now())
        except Exception as error:  # noqa: BLE001 - a bug that one mailbox meets is not the others' trouble
            done.failed[mailbox.id] = type(error).__name__
    return done


def _due(store: Store, now: datetime) -> Iterator[Stored[Mailbox]]:
    expires = "watch_expires_at"
    yield from _found(store, Where(expires, ">", now), Where(expires, "<=", now + AHEAD))
    lapsed = list(_found(store, Where(expires, "<=", now)))
    first = int(now.timestamp()) // HOUR * STRIDE % max(1, len(lapsed))
    yield from (*lapsed[first:], *lapsed[:first])


def _without(mailbox: Mailbox) -> datetime:
    """Since when nothing tells of the mailbox's mail, or from when on."""
    expires = mailbox.watch_expires_at
    return expires if expires and expires > NO_WATCH else min(link.connected_at for link in mailbox.links.values())


def _found(store: Store, *where: Where) -> Iterator[Stored[Mailbox]]:
    after = None
    while True:
        page = store.find(
            Query(
                keys.MAILBOXES,
                where,
                order_by="watch_expires_at",
                limit=PAGE,
                after=after,
            )
        )
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].value.watch_expires_at, page[-1].value.id


def _renew(store: Store, mailboxes: GmailAccess, mailbox: Mailbox, topic: str, patience: Patience) -> None:
    gmail = mailboxes.open(mailbox)
    until = watch(gmail, topic).expires_at
    name, aliases = gmail.aliases()
    seen = Seen(gmail.profile().address, name, aliases, until)
    patience.until_committed(partial(_keep, store, mailbox, seen, patience))


def _keep(store: Store, mailbox: Mailbox, seen: Seen, patience: Patience) -> None:
    """Unless it has another grant by now. A watch that had lapsed may have kept things from us: it is due at once."""
    key = keys.mailbox(mailbox.id)
    stored = store.read(key).stored(key)
    if not stored or not stored.value.usable or stored.value.granted != mailbox.granted:
        return
    now, due = patience.now(), stored.value.wake_at
    lapsed = stored.value.watch_expires_at is None or stored.value.watch_expires_at <= now
    after = replace(
        stored.value,
        watch_expires_at=seen.until,
        address=seen.address,
        name=seen.name,
        aliases=seen.aliases,
        wake_at=min(due or now, now) if lapsed else due,
    )
    store.commit(mailbox_writes(store, MailboxChange(stored, after)))


def _condemn(store: Store, topics: Topics, mailbox: Mailbox, error: GrantLost, now: datetime) -> None:
    version = mailbox.grant.version if mailbox.grant else 0
    try:
        condemn(store, topics, mailbox.id, version, remedy=error.remedy, reason=error.reason, now=now)
    except Transient:
        return  # The next run meets it again.
