"""Gives a parked mail up, because an operator says so: remembered with who, when and why, and never taken in again."""

from dataclasses import replace
from functools import partial

from shared.domain import keys
from shared.domain.decisions import Drop
from shared.domain.message import KnownMail
from shared.errors import Rejected
from shared.ports.store import Create, Delete, Replace, Write
from shared.usecases.absence import nothing_here
from shared.usecases.operating import Operating, Target, noted


def drop_parked(ports: Operating, target: Target, *, why: str) -> Drop:
    """What is remembered of it: the first drop, however often it is asked for.

    Raises `Rejected`: `not_found`, `not_retryable` for mail that was taken in meanwhile; `Transient`.
    """
    return ports.patience.until_committed(partial(_dropped, ports, target, why))


def _dropped(ports: Operating, target: Target, why: str) -> Drop:
    mailbox_key, key = keys.mailbox(target.mailbox), keys.parked(target.mailbox, target.gmail_id)
    known_key = keys.known_mail(target.mailbox, target.gmail_id)
    reading = ports.store.read(mailbox_key, key, known_key)
    mailbox, parked, known = reading.stored(mailbox_key), reading.stored(key), reading.stored(known_key)
    if known and known.value.dropped:
        return known.value.dropped
    if not mailbox or not parked:
        raise nothing_here()
    if known:
        raise Rejected("not_retryable", "The mail is in a conversation already.", action="Replay it: that settles it.")
    drop = Drop(target.by, ports.patience.now(), why, parked.value.reason, parked.value.since)
    tally = mailbox.value.tally.plus(parked=-1, dropped=1)
    writes: list[Write] = [
        Create(known_key, KnownMail(target.mailbox, target.gmail_id, dropped=drop)),
        Delete(key, parked),
        Replace(mailbox, replace(mailbox.value, tally=tally)),
        noted(target, "dropped", drop.at, why=why),
    ]
    ports.store.commit(writes)
    return drop
