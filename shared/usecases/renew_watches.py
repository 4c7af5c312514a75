"""Renews what Gmail would soon stop notifying about, and learns of aliases and addresses that changed (F32-F34)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.mailbox import Alias, Mailbox
from shared.errors import GrantLost, Refused, Transient
from shared.ports.gmail import GmailAccess
from shared.ports.store import Query, Store, Stored, Where
from shared.ports.world import Topics
from shared.usecases.condemn_mailbox import condemn
from shared.usecases.contended import Patience
from shared.usecases.mailbox_writes import MailboxChange, mailbox_writes
from shared.usecases.watch_mailbox import watch

AHEAD = timedelta(hours=36)
BUDGET = timedelta(minutes=8)
PAGE = 100


@dataclass(slots=True)
class Renewed:
    """How many mailboxes were renewed, failed (with why, by id) and were left alone; `unfinished` if time ran out."""

    renewed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
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
    """One run over the mailboxes whose watch lapses soon, or who have none; the one that lapses first comes first.

    One that fails never stops the rest, and stays due; what is not reached in time is the next run's.
    """
    started, done = patience.now(), Renewed()
    for stored in _due(store, started + AHEAD):
        if patience.now() - started > BUDGET:
            done.unfinished = True
            break
        mailbox = stored.value
        if not mailbox.usable:
            done.skipped += 1
            continue
        try:
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


def _due(store: Store, before: datetime) -> Iterator[Stored[Mailbox]]:
    after = None
    while True:
        page = store.find(
            Query(
                keys.MAILBOXES,
                (Where("watch_expires_at", "<=", before),),
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
