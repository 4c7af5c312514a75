"""Decides where a mail belongs in each location of its mailbox, from documents read in one batch."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.domain import keys
from shared.domain.addresses import address_key
from shared.domain.creation import CREATING, creating_earlier
from shared.domain.identifiers import (
    LocationId,
    MailboxId,
    MessageId,
    created_contact_id,
    digest,
    received_message_id,
)
from shared.domain.keys import Key
from shared.domain.location import AddressEntry, Location
from shared.domain.mail import Mail
from shared.domain.mailbox import Link, Mailbox
from shared.domain.message import NOBODY, Authenticated, Message, Thread
from shared.domain.placement import Placement, View, place, trace
from shared.ports.world import Event
from shared.usecases.adopt_sent import Adoption, adoption
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home
from shared.usecases.delivery_reports import name_of, reported, reports_on
from shared.usecases.doubted_send import await_doubted
from shared.usecases.goes_on import barred, pinned_contacts, replaced
from shared.usecases.label_names import LabelNames
from shared.usecases.make_contact import make_contact, removed
from shared.usecases.sync_work import Work
from shared.usecases.thread_of import claimable, foresee, replied_to, thread_of

REPORT = "R57"
"""The rule by which a delivery report marks the mail that it is about, and is left out itself."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A decision for one location, and the policy version that it was made under."""

    location: LocationId
    mailbox: MailboxId
    placement: Placement
    policy_version: int
    reported: Message | None = None
    """The CRM send that the mail is a delivery report about (R57)."""


@dataclass(frozen=True, slots=True)
class Places:
    """A mail's decisions; with an `adoption` it is a send of the CRM's own (R10), for its location alone (R40)."""

    placed: tuple[Placed, ...]
    adoption: Adoption | None = None
    created: tuple[Event, ...] = ()
    """The contacts that it made, to be told once the batch is written."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What placing a mail needs besides the documents: the names of its labels, and the auto-BCC addresses' domain."""

    names: LabelNames
    capture_domain: str


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
    """What placing the mails asks for next: the mail that is answered, where the thread has no pin, else its contact.

    And what a report is about, and who is perhaps made a contact.
    """
    wanted: list[Key[Any]] = []
    for mail in mails:
        thread = batch.value(keys.thread(mailbox.id, mail.thread_id))
        if mail.in_reply_to:
            name = name_of(mail.in_reply_to)
            asked = thread is not None and claimable(thread, mailbox)
            links = mailbox.links
            wanted += [keys.message(location, name) for location in links if asked or not _pinned(thread, location)]
        wanted += pinned_contacts(batch, mail, mailbox)
        wanted += reports_on(batch, mail, mailbox)
        wanted += _makeable(batch, mail, mailbox)
    return wanted


def _makeable(batch: Batch, mail: Mail, mailbox: Mailbox) -> Iterator[Key[Any]]:
    """The contacts that the mail may make, where the policy makes any: one may be there, deleted."""
    person = mail.to[0] if mail.outbound and mail.to else mail.sender
    for location in mailbox.links:
        settings = batch.value(keys.location(location))
        creates = settings is not None and settings.policy.contact_creation in CREATING
        if creates and person and batch.value(keys.address(location, person.address)) is None:
            yield keys.contact(location, created_contact_id(person.address))


def place_mail(batch: Batch, work: Work, mail: Mail) -> Places:
    """The order of decision for each connection of the mailbox; a location that is gone decides nothing.

    Stages the thread's pins and people, which the chunk's next mail then sees, and a send of our own as sent.
    """
    own = adoption(batch, mail, work.mailbox, work.ports.sealer, now=work.at())
    if mail.outbound and not own:
        await_doubted(work, mail)
    placed, created = [], []
    for location, link in work.mailbox.links.items():
        settings = batch.value(keys.location(location))
        if settings is None or (own and own.location == location):
            continue
        one = _foreign(work.mailbox, settings) if own else _decided(batch, work, settings, link, mail)
        if person := one.placement.creates:
            made = make_contact(batch, location, person, mail)
            one = replace(one, placement=replace(one.placement, conversation=made.contact))
            created += [made.event] if made.event else []
        placed.append(one)
        if one.placement.conversation:
            foresee(batch, location, work.mailbox, mail, one.placement.conversation)
        if one.placement.conversation and mail.authenticated is not Authenticated.FAIL:
            _pin(batch, work, location, mail, one.placement)
    return Places(tuple(placed), own, tuple(created))


def _foreign(mailbox: Mailbox, settings: Location) -> Placed:
    """A send of another location's CRM (R40)."""
    return Placed(settings.id, mailbox.id, Placement("R40"), settings.policy_version)


def _decided(batch: Batch, work: Work, settings: Location, link: Link, mail: Mail) -> Placed:
    sight = Sight(work.names, work.ports.capture_domain)
    view = look(batch, work.mailbox, settings, link, mail, sight)
    placement = decide(batch, mail, view)
    about = view.reported if placement.rule == REPORT else None
    return Placed(settings.id, work.mailbox.id, placement, settings.policy_version, about)


def look(batch: Batch, mailbox: Mailbox, settings: Location, link: Link, mail: Mail, sight: Sight) -> View:
    """All that a location knows that bears on the mail. Raises what Gmail does where it is asked for labels."""
    thread, entries = thread_of(batch, mailbox, mail), _entries(batch, settings.id, mail)
    pin = thread.pins.get(settings.id) if thread else None
    answers = None if _pinned(thread, settings.id) else replied_to(batch, settings.id, mail)
    return View(
        location=settings.id,
        policy=settings.policy,
        policy_version=settings.policy_version,
        link=link,
        entries=entries,
        thread=thread,
        replied_to=answers,
        labels=sight.names.of(mail, settings, link),
        reported=reported(batch, mail, mailbox, settings.id),
        capture_domain=sight.capture_domain,
        replaced=replaced(batch, settings.id, pin or (answers.conversation if answers else None), entries),
    )


def decide(batch: Batch, mail: Mail, view: View) -> Placement:
    """The order of decision for one connection; stages nothing."""
    placement = place(mail, view)
    if placement.conversation is None:
        placement = creating_earlier(mail, view) or placement
    if placement.creates and removed(batch, view.location, placement.creates):
        return Placement("R23", trace=trace("R23"))
    if placement.conversation and not placement.present:
        rule = barred(batch, view, mail.internal_at, placement.conversation)
        return Placement(rule, trace=trace(rule)) if rule else placement
    return placement


def _pin(batch: Batch, work: Work, location: LocationId, mail: Mail, placement: Placement) -> None:
    """Pins the thread if it has no pin here; a mail of the pinned conversation that is earlier is its first (R25).

    A pin of a contact who was replaced becomes that of who took the place.
    """
    key = keys.thread(work.mailbox.id, mail.thread_id)
    thread = batch.value(key)
    if thread is None or claimable(thread, work.mailbox):
        thread = thread_of(batch, work.mailbox, mail) or Thread(mail.thread_id)
    to, at = placement.conversation or NOBODY, min(mail.internal_at, work.at())
    pins, since = {location: to} | thread.pins, dict(thread.since)
    if pins[location] != to and home(batch, location, pins[location]) == to:
        pins[location] = to
    if location not in thread.pins:
        since[location] = at
    elif pins[location] == to and location in since:
        since[location] = min(since[location], at)
    batch.put(key, replace(thread, pins=pins, since=since, people={**thread.people, location: placement.known}))


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
    return own_name(mail), batch.value(keys.message(location, own_name(mail)))


def own_name(mail: Mail) -> MessageId:
    """The id of a mail that repeats the Message-ID of another."""
    sender = mail.sender.address if mail.sender else ""
    return MessageId(digest("message", mail.message_id or "", sender, mail.date))


def _same(have: Message, mail: Mail) -> bool:
    sender = have.sender.address if have.sender else None
    return sender == (mail.sender.address if mail.sender else None) and have.date == mail.date


def _entries(batch: Batch, location: LocationId, mail: Mail) -> Mapping[str, AddressEntry]:
    found = {}
    for person in mail.people:
        if (entry := batch.value(keys.address(location, person.address))) is not None:
            found[address_key(person.address)] = entry
    return found


def _pinned(thread: Thread | None, location: LocationId) -> bool:
    return bool(thread and location in thread.pins)
