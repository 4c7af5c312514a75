"""The letter that an outbox entry stands for: the same entry always makes the same bytes."""

from collections.abc import Callable, Iterator
from functools import partial

from shared.domain.composition import File, Letter
from shared.domain.message import Body
from shared.domain.outbox import OutboxEntry


def letter_of(entry: OutboxEntry, body: Body, *, marker: str, read: Callable[[str, int], Iterator[bytes]]) -> Letter:
    """`body` is what is to be sent, read in; `read` gives a blob from a position on.

    The Date is that of the claim, so that an upload that is continued goes on with the same mail.
    """
    if entry.sender is None:
        raise ValueError("an entry without a sender")
    files = (
        File(one.filename, one.content_type, one.size, partial(read, one.blob), one.content_id)
        for one in entry.attachments
    )
    return Letter(
        entry=entry.id,
        marker=marker,
        date=entry.claimed_at or entry.accepted_at,
        sender=entry.sender,
        to=entry.to,
        cc=entry.cc,
        bcc=entry.bcc,
        subject=entry.subject,
        text=body.text,
        html=body.html,
        files=tuple(files),
        in_reply_to=entry.in_reply_to,
        references=entry.references,
        reply_to=entry.reply_to,
    )
