"""Makes an outbox entry out of a bulk mail: recipients in rolls, the first contact's message shown at once (R51)."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.about import REPLIES_NOT_SYNCED, About
from shared.domain.addresses import Person
from shared.domain.directory import Directory
from shared.domain.draft import LONGEST_SUBJECT, line
from shared.domain.ledger import MOST_AMBIGUOUS, Rolled, rolls
from shared.domain.location import Location
from shared.domain.outbox import OutboxEntry
from shared.domain.replies import ReplyThread
from shared.usecases.batch import Batch
from shared.usecases.choose_sender import SentBy
from shared.usecases.whose_mail import directory, no_contact, own_exclusions
from shared.usecases.write_letter import entry_of, message_of, stage
from shared.usecases.writing import Content, Writing, check_size


def write_bulk(
    batch: Batch, writing: Writing, content: Content, location: Location, sent_by: SentBy, *, now: datetime
) -> OutboxEntry:
    """Stages the entry, its rolls, and the message of the first recipient who is a contact; the others come later.

    Raises `Rejected` for everything that the contract refuses.
    """
    known = directory(batch, writing, location)
    everybody = [_rolled(person, known) for person in writing.recipients.to]
    first = next((at for at, one in enumerate(everybody) if one.conversation), None)
    if first is None:
        raise no_contact()
    addresses = [person.address for person in writing.recipients.to]
    excluded = any(one.name(addresses, ()) for one in (location.policy.excluded, own_exclusions(batch, writing)))
    unheard = excluded or any(map(known.inside, addresses))
    subject = line("subject", writing.draft.subject, longest=LONGEST_SUBJECT)
    entry = entry_of(writing, content, sent_by, ReplyThread(subject), now=now)
    check_size(replace(entry, to=(_longest(writing.recipients.to),)), content.whole)
    written = list(rolls(everybody))
    entry = replace(
        entry,
        conversation=everybody[first].conversation,
        rolls=len(written),
        shown_line=first,
        warnings=(*sent_by.warnings, *((REPLIES_NOT_SYNCED,) if unheard else ())),
    )
    for number, roll in enumerate(written):
        batch.put(keys.roll(entry.id, number), roll)
    whose = About(entry.conversation, (), everybody[first].ambiguous, (), ())
    message = message_of(entry, content, whose, location.policy_version)
    stage(batch, entry, replace(message, to=(everybody[first].person,)))
    return entry


def _rolled(person: Person, known: Directory) -> Rolled:
    """Of several contacts the oldest has the conversation (R31), also where the address is internal (R21)."""
    contacts = known.contacts(person.address)
    if not contacts:
        return Rolled(person)
    return Rolled(person, contacts[0], tuple(contacts[1 : 1 + MOST_AMBIGUOUS]))


def _longest(people: tuple[Person, ...]) -> Person:
    return max(people, key=lambda one: len(one.name.encode()) + len(one.address.encode()))
