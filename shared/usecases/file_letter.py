"""Files a mail that came to a user's auto-BCC address in that user's location (R60 to R64)."""

from dataclasses import dataclass, field, replace
from typing import Any

from shared.domain import keys
from shared.domain.addresses import Address, Person, address_key
from shared.domain.case import Case, View
from shared.domain.connection import Connection, ConnectionState
from shared.domain.filing import RULE, Claim, Dropped, Filed, Held, Unfiled, file_where, not_theirs
from shared.domain.identifiers import ContactId, LocationId, MailboxId, MessageId
from shared.domain.keys import Key
from shared.domain.location import Location, User
from shared.domain.mailbox import Link, Mailbox
from shared.domain.message import Authenticated, Direction, Message, Origin, Status
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.capture_content import discard_content, keep_content
from shared.usecases.capture_letter import Letter
from shared.usecases.capturing import Capturing, Target
from shared.usecases.conversation_home import home
from shared.usecases.create_contact import create_contact, file_with
from shared.usecases.delivery_reports import name_of
from shared.usecases.goes_on import replaced
from shared.usecases.make_contact import told_again
from shared.usecases.place_mail import slot
from shared.usecases.stage_mail import MOST_SHOWN, count_message, stored_event
from shared.usecases.store_content import Content

NOWHERE = MailboxId("auto_bcc")
MOST_LOOKED_UP = 500
"""People of a stranger's mail who are looked up, to keep nothing of it if it names only the location's own (R22)."""
UNKNOWN, PURGED = Dropped("R60"), Dropped("R71")


@dataclass(slots=True)
class _Filing:
    """One mail on its way to one location; its content is written once, whatever is decided again."""

    ports: Capturing
    target: Target
    letter: Letter
    contents: dict[MessageId, Content] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def file_letter(ports: Capturing, target: Target, letter: Letter) -> Unfiled | MessageId:
    """The message that the mail became, or was already; else what is to be done with it instead.

    Everything is in the store when this returns, and told. Doing it again changes nothing (F62, F65).
    """
    filing = _Filing(ports, target, letter)
    done = ports.patience.until_committed(lambda: _attempt(filing))
    for name, content in filing.contents.items():
        discard_content(ports, target.location, name, content)
    if filing.events:
        ports.topics.announce(filing.events)
    return done


def _attempt(filing: _Filing) -> Unfiled | MessageId:
    batch, target, mail = Batch(filing.ports.store), filing.target, filing.letter.mail
    filing.events.clear()
    batch.load(_needed(filing))
    location = batch.value(keys.location(target.location))
    user = batch.value(keys.user(target.location, target.user))
    if location is None or user is None or target.token not in {None, user.auto_bcc}:
        return UNKNOWN
    if filing.letter.fault:
        return Held(filing.letter.fault)
    claim = Claim(_own(batch, target, user), filing.letter.proved)
    if len(mail.people) > MOST_LOOKED_UP and (held := not_theirs(mail, claim)):
        return held
    batch.load(keys.address(target.location, person.address) for person in mail.people)
    decided = file_where(Case(mail, _view(batch, filing, location)), claim)
    return _filed(batch, filing, location, decided) if isinstance(decided, Filed) else decided


def _needed(filing: _Filing) -> list[Key[Any]]:
    at, mail = filing.target.location, filing.letter.mail
    wanted: list[Key[Any]] = [
        keys.location(at),
        keys.user(at, filing.target.user),
        keys.connection(at, filing.target.user),
        *(keys.message(at, name_of(named)) for named in (mail.message_id, mail.in_reply_to) if named),
    ]
    return wanted


def _view(batch: Batch, filing: _Filing, location: Location) -> View:
    at, mail, now = location.id, filing.letter.mail, filing.letter.mail.internal_at
    connection = batch.value(keys.connection(at, filing.target.user))
    known = {address_key(one.address): batch.value(keys.address(at, one.address)) for one in mail.people}
    entries, answers = {name: entry for name, entry in known.items() if entry}, _answered(batch, at, mail.in_reply_to)
    return View(
        location=at,
        policy=location.policy,
        policy_version=location.policy_version,
        link=Link(filing.target.user, now, 0, connection.exclusions if connection else ()),
        entries=entries,
        replied_to=answers,
        capture_domain=filing.ports.domain,
        replaced=replaced(batch, at, answers.conversation if answers else None, entries),
    )


def _answered(batch: Batch, at: LocationId, named: str | None) -> Message | None:
    found = batch.value(keys.message(at, name_of(named))) if named else None
    if found and found.alias_of:
        found = batch.value(keys.message(at, found.alias_of))
    return found if found and found.authenticated is not Authenticated.FAIL else None


def _own(batch: Batch, target: Target, user: User) -> frozenset[Address]:
    """The user's addresses: that of the CRM, and of the mailbox connected there with its verified aliases (R63)."""
    connection: Connection | None = batch.value(keys.connection(target.location, target.user))
    if connection is None or connection.state is not ConnectionState.CONNECTED:
        return frozenset({user.email})
    mailbox = batch.value(keys.mailbox(connection.mailbox))
    link = mailbox.links.get(target.location) if mailbox else None
    if mailbox is None or link is None or link.user != target.user:
        return frozenset({user.email})
    return frozenset({user.email, *mailbox.own_addresses()})


def _filed(batch: Batch, filing: _Filing, location: Location, filed: Filed) -> Unfiled | MessageId:
    at, user = filing.target.location, filing.target.user
    # A mail without a Message-ID goes by its octets; no mailbox has it by that name.
    name, message = slot(batch, at, Mailbox(NOWHERE, "", Address("")), filing.letter.mail)
    if message and message.purged:
        return PURGED
    if message:
        file_with(batch, at, home(batch, at, message.conversation), user, since=filing.letter.at)
        batch.put(keys.message(at, name), _seen_again(filing, message))
    else:
        contact = _contact(batch, filing, filed)
        if name not in filing.contents:
            filing.contents[name] = keep_content(filing.ports.blobs, at, name, filing.letter)
        made = _new(filing, location, name, replace(filed, conversation=contact))
        batch.put(keys.message(at, name), made)
        count_message(batch, at, made, filing.ports.patience.now())
    filing.ports.store.commit(batch.writes())
    if message:
        filing.events += told_again(batch, at, name)
    filing.events.append(stored_event(at, name, filing.ports.patience.now()))
    return name


def _contact(batch: Batch, filing: _Filing, filed: Filed) -> ContactId:
    at, user = filing.target.location, filing.target.user
    if filed.creates:
        made = create_contact(batch, at, filed.creates, since=filing.letter.at, filed_by=user)
        filing.events += [made.event] if made.event else []
        return made.contact
    assert filed.conversation is not None  # noqa: S101 - a filed mail has one or makes one, for the type checker
    file_with(batch, at, filed.conversation, user, since=filing.letter.at)
    return filed.conversation


def _seen_again(filing: _Filing, message: Message) -> Message:
    """The mail was synced, or brought before: only that it came by this address too is added (R20, R64)."""
    users = tuple(dict.fromkeys([*message.filed_by, filing.target.user]))
    return replace(message, bcc=_with_address(filing, message.bcc), filed_by=users)


def _with_address(filing: _Filing, bcc: tuple[Person, ...]) -> tuple[Person, ...]:
    own = filing.target.address
    return bcc if any(person.address == own for person in bcc) else (*bcc, Person("", own))


def _new(filing: _Filing, location: Location, name: MessageId, filed: Filed) -> Message:
    mail, content = filing.letter.mail, filing.contents[name]
    assert filed.conversation is not None  # noqa: S101 - the caller's condition, for the type checker
    return Message(
        id=name,
        conversation=filed.conversation,
        direction=Direction.OUTBOUND,
        origin=Origin.AUTO_BCC,
        status=Status.SENT,
        at=filing.letter.at,
        sender=mail.sender,
        to=mail.to[:MOST_SHOWN],
        cc=mail.cc[:MOST_SHOWN],
        bcc=_with_address(filing, mail.bcc[:MOST_SHOWN]),
        subject=mail.subject,
        date=mail.date,
        body=content.body,
        attachments=content.attachments,
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        authenticated=mail.authenticated,
        referenced_by=filed.references,
        ambiguous=filed.ambiguous,
        filed_by=(filing.target.user,),
        rule=RULE,
        policy_version=location.policy_version,
        partial=content.partial or max(map(len, (mail.to, mail.cc, mail.bcc))) > MOST_SHOWN,
    )
