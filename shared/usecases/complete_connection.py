"""Attaches a Gmail account, for the session that began the consent and for nobody else (R01, R07, R08, R37, T02)."""

import hmac
from dataclasses import dataclass
from functools import partial

from shared.domain import keys
from shared.domain.connection import Connection, ConnectionState, Consent, Ending
from shared.domain.connection_status import ConnectionStatus
from shared.domain.identifiers import LocationId, UserId
from shared.domain.keys import Key
from shared.domain.linking import NO_WATCH, Account, attached, check, connected, detached, resumes
from shared.domain.mailbox import Grant, Mailbox
from shared.domain.places import AuditEntry
from shared.errors import GrantLost, Refused, Rejected, Transient
from shared.ports.gmail import Gmail, Sealer
from shared.ports.store import Create, Delete, Put, Query, Replace, Store, Stored, Where, Write
from shared.ports.world import Topics
from shared.usecases.absence import found, nothing_here
from shared.usecases.contended import Patience
from shared.usecases.disconnect import disconnect
from shared.usecases.finish_ending import ending_of, finish_ending
from shared.usecases.grants import KEPT, PENDING, Google, give_up
from shared.usecases.mailbox_writes import MailboxChange, mailbox_writes
from shared.usecases.read_connection import read_connection
from shared.usecases.receive_consent import code_digest
from shared.usecases.survey_account import survey
from shared.usecases.tell_connected import connected_events
from shared.usecases.watch_mailbox import keep_watch, watch


@dataclass(frozen=True, slots=True)
class Linked:
    """What was committed: the mailbox as it is now, and what is left to do for the one whose place it took.

    `revived`: its other connections are told of as well, which did not work until now, or of which nobody knows.
    """

    mailbox: Mailbox
    connection: Connection
    revived: bool
    ending: tuple[Key[Ending], Ending] | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The connection, and what did not work although it stands."""

    status: ConnectionStatus
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who completes, and where."""

    location: LocationId
    user: UserId


def complete(
    connect_code: str,
    caller: Caller,
    *,
    store: Store,
    google: Google,
    topics: Topics,
    gmail_topic: str,
    patience: Patience,
) -> Completed:
    """The connection that now stands. Its order: baseline, one batch, wake, watch.

    Raises `Rejected` (`not_found` to anybody else, `code_expired`, and what `check` raises), `GrantLost` if the grant
    died meanwhile; `Transient` leaves the code good for another try.
    """
    pending = _pending(store, connect_code, caller, patience)
    consent, name = pending.value, pending.key.path.rpartition("/")[2]
    identity, refresh_token = found(consent.granted_to), _unsealed(google.sealer, consent, name)
    gmail = google.mailboxes.open_with(refresh_token)
    try:
        account = survey(gmail, identity, clock=patience.clock)
        sealed = google.sealer.seal(refresh_token, owner=account.id, purpose=KEPT)
        linked = patience.until_committed(partial(_link, store, google.sealer, pending, account, sealed))
    except (Rejected, GrantLost):
        store.commit([Delete(pending.key)])
        give_up(store, google.grants, refresh_token, identity.subject, now=patience.now())
        raise
    _still_welcome(caller, store, google, topics, patience)
    ending = linked.ending
    left = finish_ending(*ending, store=store, google=google, topics=topics, patience=patience) if ending else ""
    untold = _tell(topics, caller.location, linked, patience)
    unwatched = _watch(store, gmail, linked.mailbox, gmail_topic, patience, keep=not untold)
    problems = [left, untold, unwatched]
    status = read_connection(store, caller.location, caller.user, now=patience.now())
    return Completed(status, tuple(problem for problem in problems if problem))


def _pending(store: Store, connect_code: str, caller: Caller, patience: Patience) -> Stored[Consent]:
    name, _, code = connect_code.partition(".")
    if not (name.isascii() and name.isalnum() and code):
        raise _expired()
    stored = store.read(keys.consent(name)).stored(keys.consent(name))
    if not stored:
        raise _expired()
    consent = stored.value
    if (consent.location, consent.user) != (caller.location, caller.user):
        raise nothing_here()
    right = hmac.compare_digest(consent.code.encode(), code_digest(code).encode())
    if not right or not consent.granted_to or consent.expires_at <= patience.now():
        raise _expired()
    return stored


def _unsealed(sealer: Sealer, consent: Consent, name: str) -> str:
    try:
        return sealer.unseal(consent.grant, owner=name, purpose=PENDING)
    except Refused:
        raise _expired() from None


def _link(store: Store, sealer: Sealer, pending: Stored[Consent], account: Account, sealed: str) -> Linked:
    consent = pending.value
    location, user = consent.location, consent.user
    place, person, at = keys.location(location), keys.user(location, user), keys.connection(location, user)
    reading = store.read(place, person, at, keys.mailbox(account.id), pending.key)
    if not reading.value(pending.key):
        raise _expired()
    found(reading.value(place))
    found(reading.value(person))
    stored, target = reading.stored(at), reading.stored(keys.mailbox(account.id))
    before = stored.value if stored else None
    mailbox = target.value if target else None
    check(consent.intent, before, mailbox or account.id, location=location, user=user)
    connection = connected(before, account, user=user)
    grant = Grant(sealed, (mailbox.granted if mailbox else 0) + 1, consent.scopes)
    after = attached(mailbox, account, connection, location, grant=grant)
    writes: list[Write] = [
        Replace(stored, connection) if stored else Create(at, connection),
        Delete(pending.key, pending),
        Put(keys.audit(location, pending.key.path.rpartition("/")[2]), AuditEntry(account.at, user, "connected")),
    ]
    if mailbox and not mailbox.links:
        _forget_parked(store, account)
    old = _superseded(store, before, account, location)
    ending = _left(location, before, old, sealer, account) if before else None
    last = [Put(*ending)] if ending else []
    store.commit([*writes, *last, *mailbox_writes(store, MailboxChange(target, after), *old)])
    untold = mailbox is not None and mailbox.watch_expires_at == NO_WATCH
    revived = untold or bool(mailbox and mailbox.trouble) or resumes(before, account.id)
    return Linked(after, connection, revived, ending)


def _forget_parked(store: Store, account: Account) -> None:
    """What was parked in the mailbox's former life: it counts and is tried again in none after it (R07)."""
    while True:
        page = store.find(Query(keys.PARKED, (Where("mailbox", "==", account.id),)))
        past = [one.key for one in page if one.value.since <= account.at]
        if not past:
            return
        store.commit([Delete(key) for key in past])


def _superseded(store: Store, before: Connection | None, account: Account, location: LocationId) -> list[MailboxChange]:
    """What becomes of the mailbox that the connection leaves for another one (R37)."""
    if not before or before.state is not ConnectionState.CONNECTED or before.mailbox == account.id:
        return []
    stored = store.read(keys.mailbox(before.mailbox)).stored(keys.mailbox(before.mailbox))
    return [MailboxChange(stored, detached(stored.value, location))] if stored else []


def _left(
    location: LocationId, before: Connection, old: list[MailboxChange], sealer: Sealer, account: Account
) -> tuple[Key[Ending], Ending] | None:
    """What is left to do for it; the CRM is told of the new one alone."""
    lasts = [one.before.value for one in old if one.before and not one.after.links]
    last = lasts[0] if lasts else None
    return ending_of(location, before, last, sealer, now=account.at, announced=True) if old else None


def _still_welcome(caller: Caller, store: Store, google: Google, topics: Topics, patience: Patience) -> None:
    """Whoever removed the user or the location meanwhile may have looked for connections before this one stood."""
    place, person = keys.location(caller.location), keys.user(caller.location, caller.user)
    reading = store.read(place, person)
    if not reading.value(place) or not reading.value(person):
        disconnect(
            caller.location,
            caller.user,
            by=caller.user,
            store=store,
            google=google,
            topics=topics,
            patience=patience,
        )
        raise nothing_here()


def _watch(store: Store, gmail: Gmail, mailbox: Mailbox, topic: str, patience: Patience, *, keep: bool) -> str:
    """No fault of the user's if it fails: the renewal tries again, and the mailbox is looked at meanwhile (F34).

    Not to `keep` it has the renewal come by soon, which tells of the connection, too.
    """
    try:
        until = watch(gmail, topic).expires_at
        if keep:
            keep_watch(store, mailbox.id, mailbox.granted, until=until, patience=patience)
    except (Transient, Refused, GrantLost) as error:
        return f"watch: {error}"
    return ""


def _tell(topics: Topics, location: LocationId, linked: Linked, patience: Patience) -> str:
    """The mailbox is due anyway, so a wake that is lost is only late; an event is told again until a watch is kept."""
    mailbox = linked.mailbox
    events = connected_events(mailbox, mailbox.links if linked.revived else [location], now=patience.now())
    try:
        topics.wake([mailbox.id])
        topics.announce(events)
    except Transient as error:
        return f"topics: {error.reason}"
    return ""


def _expired() -> Rejected:
    return Rejected("code_expired", "This code is used, old or wrong.")
