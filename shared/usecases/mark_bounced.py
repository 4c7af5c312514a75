"""Reads the delivery reports about mail sent from the CRM, and shows on that mail whom it did not reach (R57)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.domain import budget, failures, keys
from shared.domain.delivery_status import LONGEST, DeliveryReport, bounces, read_report
from shared.domain.identifiers import LocationId, MailboxId, digest
from shared.domain.mail import Mail
from shared.domain.message import Authenticated, Message, Status, milliseconds
from shared.ports.gmail import FullMail
from shared.ports.world import Event
from shared.usecases.always_fails import blaming_the_mail
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home
from shared.usecases.delivery_reports import name_of, named_send, send_of
from shared.usecases.ends import Ends
from shared.usecases.fetch_mail import Fetched
from shared.usecases.place_mail import Places
from shared.usecases.sync_work import Work

MOST_BOUNCES = 100


def read_reports(work: Work, decided: Sequence[tuple[Mail, Places]], fetched: Fetched) -> None:
    """The reports of the chunk that were not read yet: the only mail that is left out and yet read whole (R23).

    One whose sender Gmail found to be forged is not read.
    """
    for mail, places in decided:
        trusted = mail.authenticated is not Authenticated.FAIL
        if not (trusted and any(placed.reported for placed in places.placed)) or mail.gmail_id in fetched.reports:
            continue
        with fetched.parking(mail.gmail_id):
            work.spend(budget.GET)
            with blaming_the_mail(careful=work.careful):
                fetched.reports[mail.gmail_id] = _read(work, work.gmail.full(mail.gmail_id))
            work.counts["reports"] += 1


def mark_bounced(batch: Batch, mail: Mail, places: Places, fetched: Fetched, ends: Ends) -> None:
    """Stages on the mail whom it did not reach, in each location that sent it; of the report itself nothing is kept."""
    report = fetched.reports.get(mail.gmail_id)
    for placed in places.placed:
        if report and placed.reported:
            _mark(batch, mail, placed.reported, placed.location, report, ends)


def _mark(batch: Batch, mail: Mail, about: Message, location: LocationId, report: DeliveryReport, ends: Ends) -> None:
    message = _meant(batch, mail, about, location, report, ends.mailbox.id)
    recipients = (*message.to, *message.cc, *message.bcc) if message else ()
    found = bounces(report, recipients, mail.internal_at)
    if message is None or not found:
        return
    known = {one.address for one in message.bounces}
    fresh = [one for one in found if one.address not in known]
    if fresh:
        all_of_them = (*message.bounces, *fresh)[:MOST_BOUNCES]
        failure = failures.bounced(all_of_them) if message.status is Status.SENT else message.failure
        batch.put(keys.message(location, message.id), replace(message, bounces=all_of_them, failure=failure))
        whose = home(batch, location, message.conversation)
        batch.count(keys.conversation(location, whose), latest={"changed_ms": milliseconds(ends.at)})
    details: dict[str, object] = {"message": message.id, "conversation": message.conversation}
    name = f"message.bounced:{location}:{message.id}:{digest(ends.mailbox.id, mail.gmail_id)}"
    ends.events.append(Event(name, "message.bounced", location, ends.at, details))


def _meant(
    batch: Batch, mail: Mail, about: Message, location: LocationId, report: DeliveryReport, mailbox: MailboxId
) -> Message | None:
    """The mail that came back inside the report says which one it is, where it is there and known."""
    if report.original is None:
        return _now(batch, location, about)
    named = send_of(batch, location, name_of(report.original), mailbox)
    return named or named_send(batch, mail, mailbox, location)


def _now(batch: Batch, location: LocationId, message: Message) -> Message:
    """As an earlier report of the same chunk left it."""
    return batch.value(keys.message(location, message.id)) or message


def _read(work: Work, full: FullMail) -> DeliveryReport:
    """The part that says what became of the mail is fetched where Gmail keeps it apart, as far as it is looked at."""
    report = read_report(full.payload, full.headers.headers)
    if report.wanted is None:
        return report
    part, remote = report.wanted
    work.spend(budget.GET)
    octets = bytearray()
    for block in work.gmail.attachment(full.headers.gmail_id, remote):
        octets += block
        if len(octets) > LONGEST:
            break
    fetched: Mapping[str, bytes] = {part: bytes(octets)}
    return read_report(full.payload, full.headers.headers, fetched=fetched)
