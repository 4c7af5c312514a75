"""Does what is left after a connection has ended, at once or by a later run: nothing of it is lost in a crash (R36)."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import keys
from shared.domain.connection import Connection, Ending
from shared.domain.identifiers import LocationId
from shared.domain.keys import Key
from shared.domain.mailbox import Mailbox
from shared.errors import GrantLost, Refused, Transient
from shared.ports.gmail import Sealer
from shared.ports.store import Delete, Put, Query, Store, Stored, Where
from shared.ports.world import Event, Topics
from shared.usecases.contended import Patience
from shared.usecases.grants import KEPT, LAST, Google, awaited
from shared.usecases.stop_sends import stop_sends
from shared.usecases.untold import events_of

AFTER = timedelta(minutes=2)
"""Longer than whoever ended the connection takes for the rest."""
GIVE_UP_AFTER = timedelta(days=3)
"""A grant that Google has not taken back by then is dropped: no token is kept for longer (T10)."""
BUDGET = timedelta(seconds=20)
PAGE = 100


def ending_of(
    location: LocationId,
    connection: Connection,
    left: Mailbox | None,
    sealer: Sealer,
    *,
    now: datetime,
    announced: bool = False,
) -> tuple[Key[Ending], Ending]:
    """What is to be written with the end; `left` is the mailbox as it was, if this was its last connection."""
    key = keys.ending(location, connection.user, connection.epoch)
    grant = _sealed_again(left, sealer, key) if left else ""
    untold = left.untold if left else ""
    return key, Ending(location, connection.user, connection.mailbox, connection.epoch, now, grant, announced, untold)


def _sealed_again(left: Mailbox, sealer: Sealer, key: Key[Ending]) -> str:
    """The grant, of no use for the mailbox any more; nothing where it can't be read."""
    if not left.grant or not left.grant.sealed:
        return ""
    try:
        token = sealer.unseal(left.grant.sealed, owner=left.id, purpose=KEPT)
    except Refused:
        return ""
    return sealer.seal(token, owner=key.path, purpose=LAST)


def finish_ending(
    key: Key[Ending], ending: Ending, *, store: Store, google: Google, topics: Topics, patience: Patience
) -> str:
    """What went wrong, or nothing. What can still be done stays for the next run."""
    problems, undone = _grant_ended(key, ending, store, google, patience) if ending.grant else ([], False)
    left = ending if undone else replace(ending, grant="")
    try:
        stop_sends(ending, store=store, topics=topics, patience=patience)
        if events := _events(ending):
            topics.announce(events)
    except Transient as error:
        problems.append(error.reason)
        undone = True
    over = not undone or ending.ended_at < patience.now() - GIVE_UP_AFTER
    try:
        if over or left != ending:
            store.commit([Delete(key) if over else Put(key, left)])
    except Transient as error:
        problems.append(error.reason)
    return ", ".join(problems)


def _grant_ended(
    key: Key[Ending], ending: Ending, store: Store, google: Google, patience: Patience
) -> tuple[list[str], bool]:
    """Stops the watch and revokes the grant, unless the mailbox has another one by now; whether that is to be done.

    A revocation would end the grant that was given since, too (R03); one that waits to be completed is waited for.
    """
    mailbox = keys.mailbox(ending.mailbox)
    try:
        now = store.read(mailbox).value(mailbox)
        if now and now.grant:
            return [], False
        if now and awaited(store, now.subject, patience.now()):
            return [], True
        token = google.sealer.unseal(ending.grant, owner=key.path, purpose=LAST)
    except Refused:
        return ["grant: Refused"], False
    except Transient as error:
        return [error.reason], True
    problems = []
    try:
        google.mailboxes.open_with(token).stop()
    except (Transient, GrantLost, Refused) as error:
        problems.append(f"stop: {type(error).__name__}")
    try:
        google.grants.revoke(token)
    except (Transient, Refused) as error:
        return [*problems, f"revoke: {type(error).__name__}"], isinstance(error, Transient)
    return problems, False


def _events(ending: Ending) -> list[Event]:
    """What its mailbox could not tell any more comes first."""
    return [*events_of(ending.untold), *([] if ending.announced else [_event(ending)])]


def _event(ending: Ending) -> Event:
    return Event(
        id=f"connection.disconnected:{ending.location}:{ending.user}:{ending.epoch}",
        type="connection.disconnected",
        location=ending.location,
        occurred_at=ending.ended_at,
        details={"user": ending.user},
    )


def finish_endings(*, store: Store, google: Google, topics: Topics, patience: Patience) -> int:
    """How many that were left undone were looked at in one run, the oldest first."""
    started, done, after = patience.now(), 0, None
    while True:
        page = _page(store, after, patience)
        for stored in page:
            if patience.now() - started > BUDGET:
                return done
            finish_ending(stored.key, stored.value, store=store, google=google, topics=topics, patience=patience)
            done += 1
        if len(page) < PAGE:
            return done
        after = page[-1].value.ended_at, page[-1].key.path.rpartition("/")[2]


def _page(store: Store, after: tuple[object, str] | None, patience: Patience) -> list[Stored[Ending]]:
    due = (Where("ended_at", "<=", patience.now() - AFTER),)
    return store.find(Query(keys.ENDINGS, due, order_by="ended_at", limit=PAGE, after=after))
