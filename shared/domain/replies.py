"""How a reply joins its thread: by the ids in its headers, and by a subject that Gmail takes for the same (R14)."""

import re
from dataclasses import dataclass
from typing import Final

from shared.domain.identifiers import MailboxId, ThreadId
from shared.domain.message import Message

_PREFIX: Final = re.compile(
    r"\s*(?:re|aw|antw|sv|vs|ref|rif|r|fwd?|wg|tr|rv|enc|i|doorst|vb)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:\uff1a]",
    re.IGNORECASE,
)
_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
MOST_REFERENCES: Final = 40


@dataclass(frozen=True, slots=True)
class ReplyThread:
    """What a reply carries; `thread_id` only where the caller's own mailbox has the mail that is answered (F56)."""

    subject: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_id: ThreadId | None = None


def base_subject(subject: str) -> str:
    """A subject without any `Re:` and `Fwd:`, as it is compared."""
    at = 0
    while found := _PREFIX.match(subject, at):
        at = found.end()
    return " ".join(subject[at:].split()).casefold()


def reply_thread(answered: Message, subject: str, mailbox: MailboxId) -> ReplyThread:
    """The thread of a reply. A subject of its own begins a new Gmail thread, with the references kept.

    A mail without References hands on what it answered itself (RFC 5322 3.6.4).
    """
    subject = subject or f"Re: {answered.subject}".strip()
    answered_id = answered.message_id if answered.message_id and _ID.fullmatch(answered.message_id) else None
    before = answered.references or ((answered.in_reply_to,) if answered.in_reply_to else ())
    known = [one for one in before if _ID.fullmatch(one)]
    listed = list(dict.fromkeys([*known, *([answered_id] if answered_id else [])]))
    if len(listed) > MOST_REFERENCES:
        listed = [listed[0], *listed[1 - MOST_REFERENCES :]]
    source = answered.sources.get(mailbox)
    joins = source is not None and base_subject(subject) == base_subject(answered.subject)
    return ReplyThread(subject, answered_id, tuple(listed), source.thread_id if source and joins else None)
