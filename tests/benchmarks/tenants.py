"""Locations with contacts and a connected mailbox, written straight into the store."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from shared.domain import keys
from shared.domain.addresses import Address, Person
from shared.domain.connection import Connection, ConnectionState
from shared.domain.identifiers import ContactId, GmailId, LocationId, MailboxId, ThreadId, UserId, received_message_id
from shared.domain.location import AddressEntry, Contact, IndexedContact, Location, User
from shared.domain.mailbox import Alias, Grant, Link, Mailbox
from shared.domain.message import Body, KnownMail, Message
from shared.domain.places import MailboxAddress
from shared.ports.store import Put, Write
from tests.benchmarks.accounts import Account
from tests.benchmarks.ground import Ground
from tests.benchmarks.mails import CONTACTS, contact_address, message_id

USER = UserId("user")
AGO = timedelta(days=1)
AT_ONCE, TOGETHER = 400, 4
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A location, and the mailbox that is connected there."""

    location: LocationId
    mailbox: MailboxId
    account: Account


def location(ground: Ground, *, contacts: int = CONTACTS) -> LocationId:
    """A new location with contacts."""
    name = LocationId(f"location-{next(_NUMBERS)}")
    write(ground, [Put(keys.location(name), Location(name, "A place"))])
    write(ground, (one for number in range(contacts) for one in _contact(name, number)))
    return name


def connect(ground: Ground, account: Account, at: LocationId) -> Tenant:
    """The account as a mailbox that the product never saw before, connected at the location before its mails came."""
    mailbox, address = MailboxId(f"mailbox-{next(_NUMBERS)}"), Address(account.email)
    then = datetime.now(UTC) - AGO
    sealed = ground.sealer.seal(account.refresh_token, owner=mailbox, purpose="refresh-token")
    write(
        ground,
        [
            Put(
                keys.mailbox(mailbox),
                Mailbox(
                    mailbox,
                    account.subject,
                    address,
                    aliases=(Alias(address),),
                    grant=Grant(sealed, 1),
                    granted=1,
                    links={at: Link(USER, then, 1)},
                    cursor=account.before,
                    wake_at=then,
                ),
            ),
            Put(keys.mailbox_address(address), MailboxAddress(mailbox)),
            Put(keys.user(at, USER), User(USER, address)),
            Put(keys.connection(at, USER), Connection(USER, mailbox, address, ConnectionState.CONNECTED, then)),
            Put(keys.address(at, address), AddressEntry(internal={f"user:{USER}": address})),
        ],
    )
    return Tenant(at, mailbox, account)


def rewind(ground: Ground, tenant: Tenant) -> None:
    """The mailbox as a worker leaves it that wrote all its chunks, and died before any of them moved the cursor."""
    key = keys.mailbox(tenant.mailbox)
    stored = ground.store.read(key).value(key)
    assert stored
    write(ground, [Put(key, replace(stored, cursor=tenant.account.before, attempts=1))])


def grow(ground: Ground, at: LocationId, messages: int, *, contacts: int = CONTACTS) -> None:
    """Stores as many messages in a location, each known by its Gmail id, evenly in its conversations."""
    write(ground, (one for number in range(messages) for one in _message(at, number, contacts)))


def write(ground: Ground, writes: Iterable[Write]) -> None:
    """Commits any number of writes, in batches, a few at the same time."""
    left = iter(writes)
    with ThreadPoolExecutor(TOGETHER) as executor:
        while wave := [batch for _ in range(TOGETHER) if (batch := list(islice(left, AT_ONCE)))]:
            list(executor.map(ground.store.commit, wave))


def _contact(at: LocationId, number: int) -> list[Write]:
    address, then = Address(contact_address(number)), datetime.now(UTC) - AGO
    name = ContactId(f"contact-{number}")
    indexed = IndexedContact(address, primary=True, created_at=then)
    return [
        Put(keys.contact(at, name), Contact(name, address, then)),
        Put(keys.address(at, address), AddressEntry(contacts={name: indexed})),
    ]


def _message(at: LocationId, number: int, contacts: int) -> list[Write]:
    mailbox, gmail_id = MailboxId("mailbox-of-old"), GmailId(f"{at}-{number}")
    header = message_id(f"old-{at}-{number}")
    name = received_message_id(header, gmail_id, mailbox)
    contact = number % contacts
    message = Message(
        name,
        ContactId(f"contact-{contact}"),
        at=datetime.now(UTC) - AGO,
        sender=Person("", Address(contact_address(contact))),
        subject=f"Old mail {number}",
        body=Body("Long ago."),
        message_id=header,
    )
    known = KnownMail(mailbox, gmail_id, ThreadId(gmail_id), {at: name})
    return [Put(keys.message(at, name), message), Put(keys.known_mail(mailbox, gmail_id), known)]
