"""Where each kind of document is kept: paths in the store, typed by what they hold."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.domain.addresses import Address, address_key
from shared.domain.auto_bcc import token_key
from shared.domain.blob_owner import Sweep
from shared.domain.connection import Connection, Consent, Ending
from shared.domain.decisions import Decided, Parked
from shared.domain.identifiers import ContactId, GmailId, LocationId, MailboxId, MessageId, ThreadId, UserId, digest
from shared.domain.ledger import Line, Roll
from shared.domain.location import AddressEntry, Contact, LastPolicy, Location, User
from shared.domain.mailbox import Mailbox
from shared.domain.message import Conversation, KnownMail, Message, Thread
from shared.domain.outbox import OutboxEntry
from shared.domain.places import Arrived, AuditEntry, AutoBcc, Guesses, MailboxAddress, OperatorAct
from shared.domain.quarantine import Quarantined
from shared.domain.receiver import Receiver
from shared.domain.waiting_event import WaitingEvent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """One document: its path, and the type that its fields make."""

    path: str
    kind: type[T]


@dataclass(frozen=True, slots=True)
class Collection(Generic[T]):
    """The documents directly under a path."""

    path: str
    kind: type[T]

    def key(self, name: str) -> Key[T]:
        """One of its documents."""
        return Key(f"{self.path}/{name}", self.kind)


MAILBOXES = Collection("mailboxes", Mailbox)
OUTBOX = Collection("outbox", OutboxEntry)
PARKED = Collection("parked", Parked)
CONSENTS = Collection("pending_consents", Consent)
ENDINGS = Collection("endings", Ending)
WAITING_EVENTS = Collection("waiting_events", WaitingEvent)
ACTS = Collection("operator_acts", OperatorAct)
SWEEP = Key("deployment/blob_sweep", Sweep)
RECEIVER = Key("deployment/event_receiver", Receiver)


def location(at: LocationId) -> Key[Location]:
    """The location itself, with its policy."""
    return Key(f"locations/{at}", Location)


def last_policy(at: LocationId) -> Key[LastPolicy]:
    """The policy that the location had when it was deleted last."""
    return Key(f"last_policies/{at}", LastPolicy)


def users(at: LocationId) -> Collection[User]:
    """Everybody who works there."""
    return Collection(f"locations/{at}/users", User)


def user(at: LocationId, who: UserId) -> Key[User]:
    """One who works there."""
    return users(at).key(who)


def contacts(at: LocationId) -> Collection[Contact]:
    """The location's outside people."""
    return Collection(f"locations/{at}/contacts", Contact)


def contact(at: LocationId, who: ContactId) -> Key[Contact]:
    """One outside person."""
    return contacts(at).key(who)


def address(at: LocationId, of: Address) -> Key[AddressEntry]:
    """Who answers to an address there."""
    return Key(f"locations/{at}/addresses/{address_key(of)}", AddressEntry)


def connections(at: LocationId) -> Collection[Connection]:
    """The location's connections, by user."""
    return Collection(f"locations/{at}/connections", Connection)


def connection(at: LocationId, who: UserId) -> Key[Connection]:
    """A user's connection there."""
    return connections(at).key(who)


def conversations(at: LocationId) -> Collection[Conversation]:
    """The location's conversations, by contact."""
    return Collection(f"locations/{at}/conversations", Conversation)


def conversation(at: LocationId, of: ContactId) -> Key[Conversation]:
    """One contact's conversation."""
    return conversations(at).key(of)


def messages(at: LocationId) -> Collection[Message]:
    """All mail of the location, flat."""
    return Collection(f"locations/{at}/messages", Message)


def message(at: LocationId, name: MessageId) -> Key[Message]:
    """One mail, or the alias or tombstone of one."""
    return messages(at).key(name)


def quarantine(at: LocationId) -> Collection[Quarantined]:
    """The location's auto-BCC mail that was not filed."""
    return Collection(f"locations/{at}/quarantine", Quarantined)


def auto_bcc(token: str) -> Key[AutoBcc]:
    """Whose an auto-BCC address is."""
    return Key(f"auto_bcc/{token_key(token)}", AutoBcc)


def arrived(name: str) -> Key[Arrived]:
    """An inbound mail that was dealt with, by the name that its receiver gave it."""
    return Key(f"arrived/{digest('arrived', name)}", Arrived)


def guesses(origin: str, stretch: int) -> Key[Guesses]:
    """How often an origin guessed at auto-BCC addresses in one stretch of time."""
    return Key(f"guesses/{digest('guesses', origin, str(stretch))}", Guesses)


def audit(at: LocationId, name: str) -> Key[AuditEntry]:
    """One line of who did what."""
    return Key(f"locations/{at}/audit/{name}", AuditEntry)


def mailbox(name: MailboxId) -> Key[Mailbox]:
    """One Gmail account."""
    return MAILBOXES.key(name)


def mailbox_address(of: Address) -> Key[MailboxAddress]:
    """The mailbox that a notification's address names."""
    return Key(f"mailbox_addresses/{digest(of)}", MailboxAddress)


def thread(of: MailboxId, name: ThreadId) -> Key[Thread]:
    """One Gmail thread of a mailbox."""
    return Key(f"mailboxes/{of}/threads/{name}", Thread)


def decisions(of: MailboxId) -> Collection[Decided]:
    """All that was left out of a mailbox's mail, by chunk."""
    return Collection(f"mailboxes/{of}/decided", Decided)


def decided(of: MailboxId, first: str) -> Key[Decided]:
    """What was left out in the chunk that began at a history id."""
    return decisions(of).key(first)


def known_mail(of: MailboxId, gmail_id: GmailId) -> Key[KnownMail]:
    """What a Gmail id became."""
    return Key(f"gmail_ids/{of}_{gmail_id}", KnownMail)


def parked(of: MailboxId, gmail_id: GmailId) -> Key[Parked]:
    """A mail that could not be taken in, waiting for its next try."""
    return PARKED.key(f"{of}_{gmail_id}")


def outbox(entry: MessageId) -> Key[OutboxEntry]:
    """One accepted mail."""
    return OUTBOX.key(entry)


def lines(of: MessageId) -> Collection[Line]:
    """The ledger of a mail that goes through the provider."""
    return Collection(f"outbox/{of}/lines", Line)


def line(of: MessageId, number: int) -> Key[Line]:
    """One recipient's line of it."""
    return lines(of).key(f"{number:04}")


def roll(of: MessageId, number: int) -> Key[Roll]:
    """Some of a bulk mail's recipients."""
    return Key(f"outbox/{of}/rolls/{number}", Roll)


def consent(name: str) -> Key[Consent]:
    """One consent on its way."""
    return CONSENTS.key(name)


def ending(at: LocationId, who: UserId, epoch: int) -> Key[Ending]:
    """What is left to do for one life of a connection."""
    return ENDINGS.key(digest("ending", at, who, str(epoch)))


def waiting_event(name: str) -> Key[WaitingEvent]:
    """An event that its receiver does not have yet."""
    return WAITING_EVENTS.key(digest("event", name))
