"""Finds the mail sent from the CRM that a delivery report is about, by the report's headers or its thread (R57)."""

from collections.abc import Iterator
from typing import Any

from shared.domain import keys
from shared.domain.headers import is_delivery_report
from shared.domain.identifiers import LocationId, MailboxId, MessageId, digest
from shared.domain.keys import Key
from shared.domain.mail import Mail
from shared.domain.mailbox import Mailbox
from shared.domain.message import Message, Origin
from shared.usecases.batch import Batch

MOST_NAMED = 10
"""Ids of a References header that are looked for, the last ones."""


def reports_on(batch: Batch, mail: Mail, mailbox: Mailbox) -> Iterator[Key[Any]]:
    """The documents of the mails that a delivery report may be about."""
    if not _is_report(mail):
        return
    thread = batch.value(keys.thread(mailbox.id, mail.thread_id))
    for location in mailbox.links:
        yield from (keys.message(location, name_of(one)) for one in _named(mail))
        if thread and location in thread.sends:
            yield keys.message(location, thread.sends[location])


def reported(batch: Batch, mail: Mail, mailbox: Mailbox, location: LocationId) -> Message | None:
    """The send of this mailbox from the CRM that a report names in its headers, else the last one in its thread.

    What one of that mail's recipients sends is no report, however empty its Return-Path: their holiday reply has one.
    """
    if not _is_report(mail):
        return None
    found = named_send(batch, mail, mailbox.id, location)
    thread = batch.value(keys.thread(mailbox.id, mail.thread_id))
    if found is None and thread and location in thread.sends:
        found = send_of(batch, location, thread.sends[location], mailbox.id)
    if found is None or (mail.sender and mail.sender.address in _addresses(found)):
        return None
    return found


def named_send(batch: Batch, mail: Mail, mailbox: MailboxId, location: LocationId) -> Message | None:
    """The CRM's send by this mailbox that a report's headers name."""
    return next((one for name in _named(mail) if (one := send_of(batch, location, name_of(name), mailbox))), None)


def send_of(batch: Batch, location: LocationId, name: MessageId, mailbox: MailboxId) -> Message | None:
    """The message, or the one that it is an alias of, if the CRM sent it by this mailbox."""
    found = batch.value(keys.message(location, name))
    if found and found.alias_of:
        found = batch.value(keys.message(location, found.alias_of))
    ours = found and found.origin is Origin.CRM and not found.purged and mailbox in found.sources
    return found if ours else None


def _is_report(mail: Mail) -> bool:
    return not mail.outbound and is_delivery_report(mail.headers)


def _named(mail: Mail) -> list[str]:
    """The most telling first: the mail answered, then the newest of its thread."""
    answered = [mail.in_reply_to] if mail.in_reply_to else []
    return list(dict.fromkeys([*answered, *reversed(mail.references[-MOST_NAMED:])]))


def name_of(message_id_header: str) -> MessageId:
    """What a mail with that Message-ID is kept under."""
    return MessageId(digest("message", message_id_header))


def _addresses(message: Message) -> set[str]:
    return {person.address for person in (*message.to, *message.cc, *message.bcc)}
