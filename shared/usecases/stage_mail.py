"""Stages what one placed mail changes: the message, its conversation, its thread, and where it is known from."""

from dataclasses import replace
from datetime import datetime

from shared.domain import keys
from shared.domain.decisions import LeftOut
from shared.domain.flags import mirrored, unread_by
from shared.domain.identifiers import LocationId, MessageId
from shared.domain.mail import STARRED, UNREAD, Mail
from shared.domain.message import Direction, KnownMail, Message, Origin, Source, Status, milliseconds
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import home
from shared.usecases.ends import Ends
from shared.usecases.fetch_mail import Fetched
from shared.usecases.make_contact import told_again
from shared.usecases.mirror_flags import state_event
from shared.usecases.place_mail import Placed, Places, slot
from shared.usecases.store_content import Content

PURGED = "R71"
MOST_SHOWN = 500
"""People of one header that a document has room for (F43); all of them count in the decision."""


def stage(batch: Batch, mail: Mail, places: Places, fetched: Fetched, ends: Ends) -> None:
    """Stages the mail in every location that it was placed in, and its end in every other."""
    messages: dict[LocationId, MessageId] = {}
    if own := places.adoption:
        messages[own.location] = own.message
        ends.events += own.events
    rules: dict[LocationId, LeftOut] = {}
    for placed in places.placed:
        rule = placed.placement.rule
        if placed.placement.conversation is not None:
            name = _stored(batch, mail, placed, fetched.contents.get((placed.location, mail.gmail_id)), ends)
            fetched.staged.add((placed.location, mail.gmail_id))
            if name:
                messages[placed.location] = name
                if ends.retried(mail.gmail_id):
                    ends.events += told_again(batch, placed.location, name)
                continue
            rule = PURGED
        rules[placed.location] = LeftOut(rule, placed.policy_version)
    if not own and mail.outbound:
        ends.sent(mail.gmail_id, mail.internal_at)
    _known(batch, mail, messages, ends)
    ends.left_out(batch, mail.gmail_id, rules, stored=bool(messages), when=mail.internal_at)
    if messages:
        ends.stored(mail.gmail_id)


def _stored(batch: Batch, mail: Mail, placed: Placed, content: Content | None, ends: Ends) -> MessageId | None:
    """Stages the message in one location; None where a tombstone says that it must not come back."""
    name, message = slot(batch, placed.location, ends.mailbox, mail)
    if message and message.purged:
        return None
    staged = _seen_again(message, mail, ends) if message else _new(name, mail, placed, content or Content())
    batch.put(keys.message(placed.location, name), staged)
    if not message:
        count_message(batch, placed.location, staged, ends.at)
        ends.bytes += len(staged.body.text) + len(staged.body.html or "")
    elif staged.direction is not message.direction or _flags(staged) != _flags(message):
        whose, changed = home(batch, placed.location, message.conversation), {"changed_ms": milliseconds(ends.at)}
        batch.count(keys.conversation(placed.location, whose), latest=changed, unread=unread_by(message, staged))
    if message and _flags(staged) != _flags(message):
        last = max(flag.history_id for flag in ends.flags[mail.gmail_id])
        ends.events.append(state_event(placed.location, staged, str(last), ends.at))
    ends.events.append(stored_event(placed.location, name, ends.at))
    return name


def stored_event(location: LocationId, name: MessageId, at: datetime) -> Event:
    """That a location has the message: the same event however often it is told."""
    return Event(f"message.stored:{location}:{name}", "message.stored", location, at, {"message": name})


def _known(batch: Batch, mail: Mail, messages: dict[LocationId, MessageId], ends: Ends) -> None:
    if not messages:
        return
    key = keys.known_mail(ends.mailbox.id, mail.gmail_id)
    known = batch.value(key) or KnownMail(ends.mailbox.id, mail.gmail_id, mail.thread_id)
    batch.put(key, replace(known, messages={**known.messages, **messages}))


def count_message(batch: Batch, location: LocationId, message: Message, now: datetime) -> None:
    """Stages what one more message changes in its conversation."""
    at = message.at or now
    batch.count(
        keys.conversation(location, message.conversation),
        fields={"id": message.conversation, "subject": message.subject},
        latest={"last_message_ms": milliseconds(at), "changed_ms": milliseconds(now)},
        message_count=1,
        unread=int(message.direction is Direction.INBOUND and not message.read),
    )


def _seen_again(message: Message, mail: Mail, ends: Ends) -> Message:
    """Another sight of a mail that is there: where it was seen is added (R20), and that it was sent (R34).

    Its flags are those of the message, but for what is changed in Gmail after it came, in this chunk or a later one
    (R17).
    """
    arrived = replace(_source(mail), as_of=0)
    seen = replace(message, sources={ends.mailbox.id: arrived} | dict(message.sources))
    seen = mirrored(seen, ends.mailbox.id, sorted(ends.flags.get(mail.gmail_id, ()), key=lambda one: one.history_id))
    if mail.outbound and message.direction is Direction.INBOUND:
        return replace(seen, direction=Direction.OUTBOUND, status=Status.SENT)
    return seen


def _flags(message: Message) -> tuple[bool, bool]:
    return message.read, message.starred


def _source(mail: Mail) -> Source:
    return Source(
        mail.gmail_id,
        mail.thread_id,
        read=UNREAD not in mail.labels,
        starred=STARRED in mail.labels,
        as_of=mail.history_id,
    )


def _new(name: MessageId, mail: Mail, placed: Placed, content: Content) -> Message:
    placement = placed.placement
    assert placement.conversation is not None  # noqa: S101 - the caller's condition, for the type checker
    return Message(
        id=name,
        conversation=placement.conversation,
        direction=Direction.OUTBOUND if mail.outbound else Direction.INBOUND,
        origin=Origin.GMAIL,
        status=Status.SENT if mail.outbound else Status.RECEIVED,
        at=mail.internal_at,
        sender=mail.sender,
        to=mail.to[:MOST_SHOWN],
        cc=mail.cc[:MOST_SHOWN],
        bcc=mail.bcc[:MOST_SHOWN],
        subject=mail.subject,
        date=mail.date,
        body=content.body,
        attachments=content.attachments,
        read=UNREAD not in mail.labels,
        starred=STARRED in mail.labels,
        automatic=mail.automatic,
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        authenticated=mail.authenticated,
        referenced_by=placement.references,
        ambiguous=placement.ambiguous,
        sources={placed.mailbox: _source(mail)},
        rule=placement.rule,
        policy_version=placed.policy_version,
        partial=content.partial or max(map(len, (mail.to, mail.cc, mail.bcc))) > MOST_SHOWN,
    )
