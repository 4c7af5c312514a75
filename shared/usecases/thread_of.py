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
    if kept is not None:
        return standing(kept, mailbox.links)
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


def _answered(batch: Batch, mailbox: Mailbox, mail: Mail, location: LocationId) -> Thread | None:
    answered = replied_to(batch, location, mail)
    if not answered or mail.sender is None:
        return None
    people = (answered.sender, *answered.to, *answered.cc, *answered.bcc)
    if mail.sender.address not in {person.address for person in people if person}:
        return None
    if answered.origin is Origin.CRM and not answered.sources:
        # What went through the provider is in no thread of Gmail's: the first answer is.
        began = answered.in_reply_to is None
        return claimed(Thread(mail.thread_id), location, mailbox.links[location], firm=True, begun=began)
    if mailbox.id not in answered.sources:
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
