"""What connecting and disconnecting make of a mailbox and of a connection."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.domain import send_window
from shared.domain.addresses import Address
from shared.domain.connection import Connection, ConnectionState, Identity, Intent
from shared.domain.identifiers import LocationId, MailboxId, UserId
from shared.domain.mailbox import Alias, Grant, Link, Mailbox, Tally, announced
from shared.errors import Rejected

NO_WATCH = datetime(1970, 1, 1, tzinfo=UTC)
"""`watch_expires_at` of a connected mailbox without a watch, so that one query finds all whose watch lapses."""
SUPERSEDED = 20


@dataclass(frozen=True, slots=True)
class Account:
    """A Google account as it was found when it was connected, at the time `at`; `sent` in the 24 hours before."""

    id: MailboxId
    identity: Identity
    address: Address
    name: str
    aliases: tuple[Alias, ...]
    history_id: int
    sent: int
    at: datetime


def check(
    intent: Intent,
    connection: Connection | None,
    target: Mailbox | MailboxId,
    *,
    location: LocationId,
    user: UserId,
) -> None:
    """Whether a user may go on to use the target, a mailbox that is known or the id of a new one.

    Raises `Rejected` (R07, R08, R37): `already_connected`, `not_connected`, `different_mailbox`, `mailbox_in_use`.
    """
    mailbox, name = (target, target.id) if isinstance(target, Mailbox) else (None, target)
    connected = connection is not None and connection.state is ConnectionState.CONNECTED
    same = connection is not None and connection.mailbox == name
    if intent is Intent.CONNECT and connected and not (same and mailbox and mailbox.trouble):
        raise already_connected()
    if intent is Intent.RECONNECT and connection and not same:
        raise Rejected("different_mailbox", "This is not the Gmail account that was connected before.")
    if (intent is Intent.RECONNECT and not connection) or (intent is Intent.UPDATE and not connected):
        raise not_connected()
    link = mailbox.links.get(location) if mailbox else None
    if link and link.user != user:
        raise Rejected("mailbox_in_use", "Somebody else uses this Gmail account in the location.")


def already_connected() -> Rejected:
    """There is a connection that works."""
    return Rejected("already_connected", "A Gmail account is connected already.")


def not_connected() -> Rejected:
    """There is no connection to renew or to change."""
    return Rejected("not_connected", "No Gmail account is connected.")


def resumes(connection: Connection | None, target: MailboxId) -> bool:
    """Whether the connection goes on where it stopped, instead of beginning a new life (R07)."""
    return connection is not None and connection.state is ConnectionState.CONNECTED and connection.mailbox == target


def connected(connection: Connection | None, account: Account, *, user: UserId) -> Connection:
    """The connection to the account."""
    if connection and resumes(connection, account.id):
        return replace(connection, address=account.address)
    past = connection.superseded if connection else ()
    if connection and connection.mailbox != account.id:
        past = (*past, connection.mailbox)
    return Connection(
        user=user,
        mailbox=account.id,
        address=account.address,
        state=ConnectionState.CONNECTED,
        connected_at=account.at,
        epoch=connection.epoch + 1 if connection else 1,
        superseded=tuple(dict.fromkeys(one for one in past if one != account.id))[-SUPERSEDED:],
        exclusions=connection.exclusions if connection else (),
        signature=bool(connection and connection.signature),
    )


def attached(
    mailbox: Mailbox | None, account: Account, connection: Connection, location: LocationId, *, grant: Grant
) -> Mailbox:
    """The mailbox with a new grant and the connection; without any other one it starts afresh (R05, R07, R08)."""
    known = mailbox or Mailbox(account.id, account.identity.subject, account.address)
    if not known.links:
        known = _afresh(known, account)
    link = Link(connection.user, connection.connected_at, connection.epoch, connection.exclusions)
    return replace(
        known,
        address=account.address,
        name=account.name,
        hosted_domain=account.identity.hosted_domain,
        aliases=account.aliases,
        grant=grant,
        granted=grant.version,
        trouble=None,
        links={**known.links, location: link},
        wake_at=account.at,
        unhandled_since=announced(known, 0, at=account.at).unhandled_since,
        watch_expires_at=NO_WATCH,
    )


def detached(mailbox: Mailbox, location: LocationId) -> Mailbox:
    """The mailbox without the location's connection; with the last one its grant goes too."""
    links = {key: link for key, link in mailbox.links.items() if key != location}
    if links:
        return replace(mailbox, links=links)
    return replace(
        mailbox,
        links={},
        wake_at=None,
        grant=None,
        trouble=None,
        holder="",
        lease_until=None,
        catch_up=None,
        relist=None,
        parked_due=None,
        untold="",
        unhandled_since=None,
        watch_expires_at=None,
    )


def _afresh(mailbox: Mailbox, account: Account) -> Mailbox:
    clean = replace(
        mailbox,
        cursor=max(mailbox.cursor, account.history_id),
        pending=0,
        unhandled_since=None,
        holder="",
        lease_until=None,
        attempts=0,
        suspect="",
        lag_checks=0,
        catch_up=None,
        relist=None,
        parked_due=None,
        last_synced_at=None,
        tally=Tally(),
    )
    return send_window.seeded(clean, account.at, account.sent)
