"""Decides where a mail belongs in each location of its mailbox, from documents read in one batch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.domain import keys
from shared.domain.addresses import address_key
from shared.domain.claims import standing
from shared.domain.identifiers import ContactId, LocationId, MailboxId, MessageId, digest, received_message_id
from shared.domain.keys import Key
from shared.domain.location import AddressEntry, Location
from shared.domain.mail import Mail
from shared.domain.mailbox import Link, Mailbox
from shared.domain.message import Authenticated, Message, Thread
from shared.domain.placement import Placement, View, place
from shared.usecases.adopt_sent import Adoption, adoption
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home
from shared.usecases.doubted_send import await_doubted
from shared.usecases.sync_work import Work


@dataclass(frozen=True, slots=True)
class Placed:
    """A decision for one location, and the policy version that it was made under."""

    location: LocationId
    mailbox: MailboxId
    placement: Placement
    policy_version: int


@dataclass(frozen=True, slots=True)
class Places:
    """A mail's decisions; with an `adoption` it is a send of the CRM's own (R10), for its location alone (R40)."""

    placed: tuple[Placed, ...]
    adoption: Adoption | None = None


def needed(mails: Iterable[Mail], mailbox: Mailbox) -> list[Key[Any]]:
    """Every document that placing the mails will ask for, so that one read brings them all."""
    wanted: list[Key[Any]] = [keys.location(location) for location in mailbox.links]
    for mail in mails:
        wanted.append(keys.thread(mailbox.id, mail.thread_id))
        for location in mailbox.links:
            wanted += [keys.address(location, person.address) for person in mail.people]
            wanted.append(keys.message(location, received_message_id(mail.message_id, mail.gmail_id, mailbox.id)))
    return wanted


def answered(batch: Batch, mails: Iterable[Mail], mailbox: Mailbox) -> list[Key[Any]]:
    """Where a mail's thread is not pinned yet: the mail that it says it answers."""
    return [
        keys.message(location, _named(mail.in_reply_to))
        for mail in mails
        for location in mailbox.links
        if mail.in_reply_to and not _pinned(batch.value(keys.thread(mailbox.id, mail.thread_id)), location)
    ]


def place_mail(batch: Batch, work: Work, mail: Mail) -> Places:
    """The order of decision for each connection of the mailbox; a location that is gone decides nothing.

    Stages the thread's pins and people, which the chunk's next mail then sees, and a send of our own as sent.
    """
    own = adoption(batch, mail, work.mailbox.id, work.ports.sealer, now=work.at())
    if mail.outbound and not own:
        await_doubted(batch, work, mail)
    placed = []
    for location, link in work.mailbox.links.items():
        settings = batch.value(keys.location(location))
        if settings is None or (own and own.location == location):
            continue
        placement = Placement("R40") if own else decide(batch, work.mailbox, settings, link, mail)
        placed.append(Placed(location, work.mailbox.id, placement, settings.policy_version))
        if placement.conversation and mail.authenticated is not Authenticated.FAIL:
            _pin(batch, work.mailbox, location, mail, placement.conversation, placement.known)
    return Places(tuple(placed), own)


def decide(batch: Batch, mailbox: Mailbox, settings: Location, link: Link, mail: Mail) -> Placement:
    """The order of decision for one connection; stages nothing."""
    thread = standing(batch.value(keys.thread(mailbox.id, mail.thread_id)), mailbox.links)
    view = View(
        location=settings.id,
        policy=settings.policy,
        policy_version=settings.policy_version,
        link=link,
        entries=_entries(batch, settings.id, mail),
        thread=thread,
        replied_to=None if _pinned(thread, settings.id) else _replied_to(batch, settings.id, mail),
    )
    placement = place(mail, view)
    if placement.conversation and not placement.present:
        to = home(batch, settings.id, placement.conversation)
        contact = batch.value(keys.contact(settings.id, to))
        if contact is None or contact.deleted_at:
            return Placement("R23")
        return replace(placement, conversation=to)
    return placement


def _pin(
    batch: Batch, mailbox: Mailbox, location: LocationId, mail: Mail, to: ContactId, known: tuple[str, ...]
) -> None:
    key = keys.thread(mailbox.id, mail.thread_id)
    thread = batch.value(key) or Thread(mail.thread_id)
    pins = {location: to} | dict(thread.pins)
    batch.put(key, replace(thread, pins=pins, people={**thread.people, location: known}))


def slot(batch: Batch, location: LocationId, mailbox: Mailbox, mail: Mail) -> tuple[MessageId, Message | None]:
    """Finds the id under which the mail is kept, and the message that is there already (R20).

    The alias of a CRM send leads to that send. A mail that repeats the Message-ID of another (other From or Date) is
    another mail and goes by all three.
    """
    name = received_message_id(mail.message_id, mail.gmail_id, mailbox.id)
    have = batch.value(keys.message(location, name))
    if have and have.alias_of:
        return have.alias_of, batch.value(keys.message(location, have.alias_of))
    if have is None or have.purged or _same(have, mail):
        return name, have
    sender = mail.sender.address if mail.sender else ""
    name = MessageId(digest("message", mail.message_id or "", sender, mail.date))
    return name, batch.value(keys.message(location, name))


def _same(have: Message, mail: Mail) -> bool:
    sender = have.sender.address if have.sender else None
    return sender == (mail.sender.address if mail.sender else None) and have.date == mail.date


def _entries(batch: Batch, location: LocationId, mail: Mail) -> Mapping[str, AddressEntry]:
    found = {}
    for person in mail.people:
        if (entry := batch.value(keys.address(location, person.address))) is not None:
            found[address_key(person.address)] = entry
    return found


def _replied_to(batch: Batch, location: LocationId, mail: Mail) -> Message | None:
    if not mail.in_reply_to:
        return None
    found = batch.value(keys.message(location, _named(mail.in_reply_to)))
    if found and found.alias_of:
        found = batch.value(keys.message(location, found.alias_of))
    return found if found and found.authenticated is not Authenticated.FAIL else None


def _pinned(thread: Thread | None, location: LocationId) -> bool:
    return bool(thread and location in thread.pins)


def _named(message_id_header: str) -> MessageId:
    return MessageId(digest("message", message_id_header))
