"""Whose conversation a thread goes on in, where its contact may have been replaced, deleted or given again (R11)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from shared.domain import keys
from shared.domain.case import View, since
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.keys import Key
from shared.domain.location import AddressEntry, Contact
from shared.domain.mail import Mail
from shared.domain.mailbox import Mailbox
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import followed


def pinned_contacts(batch: Batch, mail: Mail, mailbox: Mailbox) -> Iterator[Key[Contact]]:
    """The contacts of the mail's thread who are not on the mail: each may have been replaced."""
    thread = batch.value(keys.thread(mailbox.id, mail.thread_id))
    for location, pin in thread.pins.items() if thread else ():
        entries = (batch.value(keys.address(location, person.address)) for person in mail.people)
        if location in mailbox.links and not _among(pin, entries):
            yield keys.contact(location, pin)


def replaced(
    batch: Batch, location: LocationId, conversation: ContactId | None, entries: Mapping[str, AddressEntry]
) -> Mapping[ContactId, ContactId]:
    """Who took the place of the conversation's contact, for each of those before them; else nothing.

    Whom the index of addresses knows was replaced by nobody: then nothing is read.
    """
    if not conversation or _among(conversation, entries.values()):
        return {}
    *before, last = followed(batch, location, conversation)
    return dict.fromkeys(before, last)


def barred(batch: Batch, view: View, at: datetime, conversation: ContactId) -> str | None:
    """The rule that keeps a mail out of a conversation whose contact is not on it; None: it goes on there.

    The contact is there (R39), and it, or one whose place it took, was there when the mail came (R12).
    """
    names = [conversation, *(old for old, by in view.replaced.items() if by == conversation)]
    last, *before = (batch.value(keys.contact(view.location, name)) for name in names)
    if last is None or last.deleted_at:
        return "R23"
    return None if any(_was_there(one, at) for one in (last, *before) if one) else "R12"


def _was_there(contact: Contact, at: datetime) -> bool:
    return since(contact.created_at) <= at and (contact.deleted_at is None or at < contact.deleted_at)


def _among(contact: ContactId, entries: Iterable[AddressEntry | None]) -> bool:
    return any(contact in entry.contacts for entry in entries if entry)
