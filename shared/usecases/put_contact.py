"""Creates or replaces a contact together with the index of its addresses, and lets it take another one's place."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, LocationId, UserId
from shared.domain.location import Contact
from shared.domain.message import Conversation, milliseconds
from shared.errors import Rejected
from shared.ports.store import Count, Create, Delete, Reading, Replace, Store, Write
from shared.usecases.absence import found
from shared.usecases.address_writes import entry_writes, joining, leaving
from shared.usecases.batch import Batch
from shared.usecases.contended import Patience
from shared.usecases.conversation_home import home


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """A contact as the CRM gives it; without `created_at` it counts from now, or from when it was first given (R12)."""

    id: ContactId
    email: Address
    other_emails: tuple[Address, ...] = ()
    name: str = ""
    assigned_to: UserId | None = None
    created_at: datetime | None = None
    replaces: ContactId | None = None


def put_contact(store: Store, location: LocationId, draft: ContactDraft, *, patience: Patience) -> tuple[Contact, bool]:
    """The contact as it is now, and whether it is new; one that was deleted is new again.

    The contact that it `replaces` is deleted, and its conversation's figures are added to the new one's: from now on
    what happens to its mail counts there, which its record says, made if there was none. That is for good: one whose
    place was taken is never given again, nor replaced by somebody else, so that each mail is in one conversation.
    Raises `Rejected` then, if there is no such location, or if an address has too many contacts.
    """

    def attempt() -> tuple[Contact, bool]:
        reading = store.read(*_needed(location, draft))
        found(reading.value(keys.location(location)))
        old = reading.stored(keys.contact(location, draft.id))
        _refuse_merged(store, location, draft, reading)
        known = old.value if old and not old.value.deleted_at else None
        before = reading.value(keys.contact(location, draft.replaces)) if draft.replaces else None
        contact = _made(draft, known, before, patience.now())
        record: Write = Replace(old, contact) if old else Create(keys.contact(location, draft.id), contact)
        writes, gone = _replaced(reading, location, contact, patience.now())
        edits = [edit for one in (known, gone) if one for edit in leaving(location, one)]
        edits += joining(location, contact)
        store.commit([record, *writes, *entry_writes(store, edits)])
        return contact, known is None

    return patience.until_committed(attempt)


def _refuse_merged(store: Store, location: LocationId, draft: ContactDraft, reading: Reading) -> None:
    own = reading.value(keys.contact(location, draft.id))
    if own and own.replaced_by:
        raise Rejected("invalid_request", "This contact was merged into another one; use that one's id.")
    before = reading.value(keys.contact(location, draft.replaces)) if draft.replaces else None
    if before and before.replaced_by and home(Batch(store), location, before.id) != draft.id:
        raise Rejected("invalid_request", "The contact to replace was merged into another one; name that one.")


def _needed(location: LocationId, draft: ContactDraft) -> list[keys.Key[Any]]:
    wanted: list[keys.Key[Any]] = [
        keys.location(location),
        keys.contact(location, draft.id),
        keys.conversation(location, draft.id),
    ]
    if draft.replaces:
        wanted += [keys.contact(location, draft.replaces), keys.conversation(location, draft.replaces)]
    return wanted


def _made(draft: ContactDraft, known: Contact | None, before: Contact | None, now: datetime) -> Contact:
    """Who filed mail with the contact, or with the one whose place it takes, goes on to have it synced (R62)."""
    filers = [item for one in (known, before) if one for item in one.filed_by.items()]
    return Contact(
        id=draft.id,
        email=draft.email,
        created_at=draft.created_at or (known.created_at if known else _since(draft, before, now)),
        name=draft.name,
        other_emails=tuple(dict.fromkeys(one for one in draft.other_emails if one != draft.email)),
        assigned_to=draft.assigned_to,
        replaces=draft.replaces,
        filed_by={user: min(at for one, at in filers if one == user) for user, _ in filers},
    )


def _since(draft: ContactDraft, before: Contact | None, now: datetime) -> datetime:
    """A new contact counts from now on, or as the one whose place it takes did if that one had its address (R12, F40).

    Mail that came before the merge and is read after it belongs to whoever has the address.
    """
    same = before and not before.deleted_at and draft.email in {before.email, *before.other_emails}
    return before.created_at if before and same else now


def _replaced(
    reading: Reading, location: LocationId, contact: Contact, now: datetime
) -> tuple[list[Write], Contact | None]:
    """The end of the contact that this one replaces, and the contact itself if it was still alive.

    Without a conversation it must have none either when this is written: its first mail may come meanwhile.
    """
    if not contact.replaces:
        return [], None
    writes: list[Write] = []
    old = reading.stored(keys.contact(location, contact.replaces))
    alive = old if old and not old.value.deleted_at else None
    if old:
        gone = replace(old.value, deleted_at=old.value.deleted_at or now, replaced_by=contact.id)
        writes.append(Replace(old, gone))
    else:
        unknown = Contact(contact.replaces, contact.email, now, contact.name, deleted_at=now, replaced_by=contact.id)
        writes.append(Create(keys.contact(location, contact.replaces), unknown))
    if conversation := reading.stored(keys.conversation(location, contact.replaces)):
        own = reading.value(keys.conversation(location, contact.id))
        past = conversation.value
        newest = not own or own.last_message_ms < past.last_message_ms
        merged = Count(
            keys.conversation(location, contact.id),
            increments={"message_count": past.message_count, "unread": past.unread},
            maxima={"last_message_ms": past.last_message_ms, "changed_ms": milliseconds(now)},
            fields={"id": contact.id} | ({"subject": past.subject} if newest else {}),
        )
        writes += [merged, Delete(conversation.key, conversation)]
    else:
        none = keys.conversation(location, contact.replaces)
        writes += [Create(none, Conversation(contact.replaces)), Delete(none)]
    return writes, alive.value if alive else None
