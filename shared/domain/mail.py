"""A mail as its headers tell it: what every rule decides on, and nothing of its body."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.addresses import Address, Person, mentioned, read_addresses, read_sender
from shared.domain.headers import (
    LONGEST_TEXT,
    MOST_IDS,
    Headers,
    authentication,
    decode_text,
    is_automatic,
    message_ids,
)
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.message import Authenticated

SENT = "SENT"
UNREAD = "UNREAD"
STARRED = "STARRED"
NEVER = frozenset({"DRAFT", "CHAT", "SPAM", "TRASH"})
"""Labels of what never syncs (R19)."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The headers of one mail in one mailbox, read strictly."""

    gmail_id: GmailId
    thread_id: ThreadId
    labels: frozenset[str]
    internal_at: datetime
    history_id: int
    headers: Headers
    sender: Person | None
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    bcc: tuple[Person, ...]
    subject: str
    date: str
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    automatic: bool
    authenticated: Authenticated
    doubtful: tuple[Address, ...] = ()
    """Addresses in To, Cc or Bcc that could not be read beyond doubt: they are nobody, but may be excluded (R24)."""

    @property
    def outbound(self) -> bool:
        """Gmail's own label says so; a From that claims it proves nothing (R34)."""
        return SENT in self.labels

    @property
    def people(self) -> tuple[Person, ...]:
        """From, To, Cc, Bcc in header order, each address once."""
        listed = [*([self.sender] if self.sender else []), *self.to, *self.cc, *self.bcc]
        return tuple({person.address: person for person in reversed(listed)}.values())[::-1]


def read_mail(
    *,
    gmail_id: GmailId,
    thread_id: ThreadId,
    labels: frozenset[str],
    internal_at: datetime,
    history_id: int,
    headers: Headers,
) -> Mail:
    """The mail that the headers describe; what is ambiguous in them is nobody (R35)."""
    read = {name: [(value, read_addresses(value)) for value in headers.all(name)] for name in ("To", "Cc", "Bcc")}

    def listed(name: str) -> tuple[Person, ...]:
        return tuple(person for _, reading in read[name] for person in reading.people)

    def ids(name: str) -> tuple[str, ...]:
        return tuple(one for value in headers.all(name) for one in message_ids(value))

    return Mail(
        gmail_id=gmail_id,
        thread_id=thread_id,
        labels=labels,
        internal_at=internal_at,
        history_id=history_id,
        headers=headers,
        sender=read_sender(headers.all("From")),
        to=listed("To"),
        cc=listed("Cc"),
        bcc=listed("Bcc"),
        subject=decode_text(headers.first("Subject") or ""),
        date=(headers.first("Date") or "")[:LONGEST_TEXT],
        message_id=next(iter(ids("Message-ID")), None),
        in_reply_to=next(iter(ids("In-Reply-To")), None),
        references=ids("References")[-MOST_IDS:],
        automatic=is_automatic(headers),
        authenticated=authentication(headers),
        doubtful=tuple(
            address
            for values in read.values()
            for value, reading in values
            if reading.ambiguous
            for address in mentioned(value)
        ),
    )
