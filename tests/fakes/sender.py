"""Gmail's upload sessions in memory: what is uploaded whole lies in the account's Sent folder, once."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from shared.domain.identifiers import GmailId, ThreadId
from shared.errors import Doubtful, Gone, Refused, Transient
from shared.ports.gmail import MailHeaders, MailStream, SentMail, SessionAnswer
from tests.fakes.gmail import FakeMailbox

MESSAGE_ID = re.compile(rb"^Message-ID: .*?\r\n", re.MULTILINE)
MARKER = re.compile(rb"^X-Gmail-Sync-Entry: .*?\r\n", re.MULTILINE)
ANSWER = re.compile(r"(?:\s*(?:re|fwd?)\s*:)*\s*", re.IGNORECASE)
GRANULE = 262_144
DEADLINE = timedelta(seconds=120)
"""Of an upload: one that takes longer ends before its last block."""


@dataclass
class Session:
    size: int
    thread: str
    received: bytes = b""
    sent: SentMail | None = None


@dataclass
class FakeSender:
    """`before` and `after` may raise around a call, given its name; `cut_at` ends an upload after that many bytes.

    With `forgets` no session says anything of itself any more, and one that ended takes nothing. `named` is in the
    Message-IDs that it gives, so that those of two accounts differ.
    """

    mailbox: FakeMailbox
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    cut_at: int | None = None
    forgets: bool = False
    keeps_marker: bool = True
    named: str = ""
    sessions: dict[str, Session] = field(default_factory=dict)

    def begin(self, size: int, thread_id: ThreadId | None) -> str:
        self.before("begin")
        name = f"https://gmail.example/upload/{len(self.sessions)}"
        self.sessions[name] = Session(size, thread_id or "")
        self.after("begin")
        return name

    def finish(self, session: str, mail: MailStream, *, start: int = 0) -> SentMail:
        self.before("finish")
        held = self.sessions.get(session)
        if held is None or (held.sent and self.forgets):
            raise Gone("upload session")
        if held.sent is None:
            self._take(held, mail, start)
            held.sent = self._accept(held)
        self.after("finish")
        return held.sent

    def ask(self, session: str, size: int) -> SentMail | int | SessionAnswer:
        self.before("ask")
        held = self.sessions.get(session)
        if held is None or self.forgets:
            return SessionAnswer.UNKNOWN
        assert size == held.size
        return held.sent or len(held.received)

    def message_id(self, gmail_id: GmailId) -> MailHeaders:
        self.before("message_id")
        (found,) = self.mailbox.headers([gmail_id])
        if isinstance(found, Exception):
            raise found
        return found

    def _take(self, held: Session, mail: MailStream, start: int) -> None:
        if start > len(held.received):
            raise Refused("badRequest", "Gmail refused the request (400).")
        taken, until = bytearray(held.received[:start]), self.mailbox.now() + DEADLINE
        for block in mail.open_at(start):
            if self.mailbox.now() > until:
                raise Transient("the upload took too long")
            taken += block
            if self.cut_at is not None and len(taken) >= self.cut_at:
                held.received, self.cut_at = bytes(taken[: self.cut_at]), None
                raise Doubtful("cut")
        assert len(taken) == held.size == mail.size
        held.received = bytes(taken)

    def _accept(self, held: Session) -> SentMail:
        """The mail as Gmail keeps it; what is refused stays an upload without its end."""
        head, end, body = held.received.partition(b"\r\n\r\n")
        read = message_from_bytes(head)
        try:
            thread, to = self._thread(held, read), _recipients(read)
        except (Gone, Refused):
            held.received = held.received[: (held.size - 1) // GRANULE * GRANULE]
            raise
        given = f"Message-ID: <gmail-{self.mailbox.delivered}{self.named}@mail.example>\r\n".encode()
        head = MESSAGE_ID.sub(given, head + b"\r\n", 1)
        head = head if self.keeps_marker else MARKER.sub(b"", head, count=1)
        labels = ("SENT", "INBOX", "UNREAD") if self.mailbox.address in to else ("SENT",)
        name = self.mailbox.deliver((head + end[2:] + body).decode(), labels=labels, thread=thread)
        return SentMail(name, self.mailbox.mails[name].thread)

    def _thread(self, held: Session, head: Message) -> str:
        """The thread that was asked for, where the mail names one of its mails and has its subject."""
        there = [message_from_string(mail.raw) for mail in self.mailbox.mails.values() if mail.thread == held.thread]
        if held.thread and not there:
            raise Gone("thread")
        named = f"{head['In-Reply-To']} {head['References']}".split()
        answered = any(mail["Message-ID"] in named for mail in there)
        return held.thread if answered and _subject(head) in map(_subject, there) else ""


def _subject(head: Message) -> str:
    return " ".join(ANSWER.sub("", str(make_header(decode_header(head["Subject"] or ""))), 1).split()).casefold()


def _recipients(head: Message) -> set[str]:
    """Everybody in To, Cc and Bcc, by address."""
    fields = [value for name in ("To", "Cc", "Bcc") for value in head.get_all(name, [])]
    if not (found := {address for _, address in getaddresses(fields) if address}):
        raise Refused("invalidArgument", "Gmail refused the request (400).")
    return found
