"""The Gmail thread that a mail is in, and the mail that it says it answers."""

from shared.domain import keys
from shared.domain.claims import claimed, standing
from shared.domain.identifiers import ContactId, LocationId
from shared.domain.mail import Mail
from shared.domain.mailbox import Mailbox
from shared.domain.message import Authenticated, Message, Origin, Source, Thread
from shared.usecases.batch import Batch
from shared.usecases.delivery_reports import name_of


def thread_of(batch: Batch, mailbox: Mailbox, mail: Mail) -> Thread | None:
    """The thread with the claim that stands; a new one is of whoever has the thread of the mail that it answers.

    Gmail begins a thread where an answer changes the subject: that frees it from no claim (R40, R42), if the sender was
    on the mail that is answered. Who merely quotes its id answers nothing (R35).
    """
    kept = batch.value(keys.thread(mailbox.id, mail.thread_id))
    if kept is not None and not claimable(kept, mailbox):
        return standing(kept, mailbox.links)
    if kept is not None:
        threads = (_by_the_provider(batch, mailbox, mail, location, kept) for location in mailbox.links)
        return next((thread for thread in threads if thread), kept)
    for location in mailbox.links:
        before = _answered(batch, mailbox, mail, location)
        if before and before.claimed_by:
            return Thread(
                mail.thread_id,
                claimed_by=before.claimed_by,
                claim_epoch=before.claim_epoch,
                firm=True,
                claims=1,
                begun_in=before.begun_in,
            )
    return None


def claimable(thread: Thread, mailbox: Mailbox) -> bool:
    """Whether a location's reply through the provider may still turn out to have claimed the thread (R42).

    Not where there is nobody to claim it from, nor once it was claimed, moved or released.
    """
    return len(mailbox.links) > 1 and thread.claimed_by is None and thread.claims == 0


def _by_the_provider(batch: Batch, mailbox: Mailbox, mail: Mail, location: LocationId, thread: Thread) -> Thread | None:
    """The thread as the location's, if the mail answers what it sent through the provider.

    That is in no thread of Gmail's: the first answer is.
    """
    answered = _by_its_people(batch, mail, location)
    if answered is None or answered.origin is not Origin.CRM or answered.sources:
        return None
    began = answered.in_reply_to is None and not thread.pins
    return claimed(thread, location, mailbox.links[location], firm=True, begun=began)


def _by_its_people(batch: Batch, mail: Mail, location: LocationId) -> Message | None:
    answered = replied_to(batch, location, mail)
    if not answered or mail.sender is None:
        return None
    people = (answered.sender, *answered.to, *answered.cc, *answered.bcc)
    return answered if mail.sender.address in {person.address for person in people if person} else None


def _answered(batch: Batch, mailbox: Mailbox, mail: Mail, location: LocationId) -> Thread | None:
    if thread := _by_the_provider(batch, mailbox, mail, location, Thread(mail.thread_id)):
        return thread
    answered = _by_its_people(batch, mail, location)
    if answered is None or mailbox.id not in answered.sources:
        return None
    source = answered.sources[mailbox.id]
    return standing(batch.value(keys.thread(mailbox.id, source.thread_id)), mailbox.links)


def foresee(batch: Batch, location: LocationId, mailbox: Mailbox, mail: Mail, conversation: ContactId) -> None:
    """Notes where a mail was placed, for answers to it that are read with it (R11)."""
    if not mail.message_id:
        return
    noted = Message(
        name_of(mail.message_id),
        conversation,
        sender=mail.sender,
        to=mail.to,
        cc=mail.cc,
        bcc=mail.bcc,
        authenticated=mail.authenticated,
        sources={mailbox.id: Source(mail.gmail_id, mail.thread_id)},
    )
    batch.foresee(keys.message(location, noted.id), noted)


def replied_to(batch: Batch, location: LocationId, mail: Mail) -> Message | None:
    """What the location has of the mail that is answered; nothing that somebody may have forged (R35)."""
    if not mail.in_reply_to:
        return None
    found = batch.foreseen(keys.message(location, name_of(mail.in_reply_to)))
    if found and found.alias_of:
        found = batch.value(keys.message(location, found.alias_of))
    return found if found and found.authenticated is not Authenticated.FAIL else None
