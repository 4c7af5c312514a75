"""Whose conversation a mail of the CRM's is in, and what it answers (R14, R30 to R32)."""

from typing import Any

from shared.domain import keys
from shared.domain.about import About, about
from shared.domain.addresses import address_key
from shared.domain.directory import Directory
from shared.domain.exclusions import Exclusions
from shared.domain.identifiers import ContactId, MailboxId, MessageId
from shared.domain.keys import Key
from shared.domain.location import Location
from shared.domain.message import Message
from shared.errors import Rejected
from shared.usecases.absence import found, nothing_here
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home
from shared.usecases.writing import Writing


def answered_mail(batch: Batch, writing: Writing, mailbox: MailboxId | None) -> Message | None:
    """The mail that is answered, in this location, by its id or another name of it (R14).

    Loads its contact and its thread as well, which are asked for next.
    """
    if not writing.draft.reply_to:
        return None
    message = found(batch.value(keys.message(writing.location, MessageId(writing.draft.reply_to))))
    if message.alias_of:
        message = found(batch.value(keys.message(writing.location, message.alias_of)))
    if message.purged or message.alias_of:
        raise nothing_here()
    source = message.sources.get(mailbox) if mailbox else None
    next_reads: list[Key[Any]] = [keys.thread(mailbox, source.thread_id)] if mailbox and source else []
    batch.load([keys.contact(writing.location, message.conversation), *next_reads])
    return message


def whose_mail(batch: Batch, writing: Writing, location: Location, answered: Message | None) -> About:
    """The contact that is named, else that of the mail answered, else by R30. Raises `Rejected` (`not_found`).

    In place of one that was merged into another, that one.
    """
    chosen = home(batch, writing.location, answered.conversation) if answered else None
    if writing.draft.contact:
        named = home(batch, writing.location, ContactId(writing.draft.contact))
        contact = found(batch.value(keys.contact(writing.location, named)))
        if contact.deleted_at:
            raise nothing_here()
        chosen = contact.id
    return about(writing.recipients, directory(batch, writing, location), chosen, own_exclusions(batch, writing))


def own_exclusions(batch: Batch, writing: Writing) -> Exclusions:
    """What the sender keeps out of the CRM (R24)."""
    connection = batch.value(keys.connection(writing.location, writing.user))
    return Exclusions.of(connection.exclusions if connection else ())


def directory(batch: Batch, writing: Writing, location: Location) -> Directory:
    """Who the recipients are in the location."""
    entries = {
        address_key(person.address): entry
        for person in writing.recipients.everybody
        if (entry := batch.value(keys.address(writing.location, person.address)))
    }
    return Directory(entries, location.policy)


def no_contact() -> Rejected:
    """Nobody whose conversation it could be in."""
    return Rejected("no_contact", "None of the recipients is a contact.")
