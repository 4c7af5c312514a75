"""Gmail's upload sessions in memory: what is uploaded whole lies in the account's Sent folder, once."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.domain.identifiers import GmailId, ThreadId
from shared.errors import Doubtful, Gone, Refused
from shared.ports.gmail import MailHeaders, MailStream, SentMail, SessionAnswer
from tests.fakes.gmail import FakeMailbox

MESSAGE_ID = re.compile(rb"^Message-ID: .*?\r\n", re.MULTILINE)


@dataclass
class Session:
    size: int
    thread: str
    received: bytes = b""
    sent: SentMail | None = None


@dataclass
class FakeSender:
    """`before` and `after` may raise around a call, given its name; `cut_at` ends an upload after that many bytes.

    With `forgets` a session that ended says nothing of itself any more.
    """

    mailbox: FakeMailbox
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    cut_at: int | None = None
    forgets: bool = False
    keeps_marker: bool = True
    sessions: dict[str, Session] = field(default_factory=dict)
    known_threads: set[str] = field(default_factory=set)

    def begin(self, size: int, thread_id: ThreadId | None) -> str:
        self.before("begin")
        if thread_id and thread_id not in self._threads():
            raise Gone("thread")
        name = f"https://gmail.example/upload/{len(self.sessions)}"
        self.sessions[name] = Session(size, thread_id or "")
        self.after("begin")
        return name

    def finish(self, session: str, mail: MailStream, *, start: int = 0) -> SentMail:
        self.before("finish")
        held = self.sessions[session]
        assert len(held.received) == start, "an upload goes on where it stopped"
        for block in mail.open_at(start):
            held.received += block
            if self.cut_at is not None and len(held.received) >= self.cut_at:
                held.received, self.cut_at = held.received[: self.cut_at], None
                raise Doubtful("cut")
        assert len(held.received) == held.size == mail.size
        held.sent = self._accept(held)
        self.after("finish")
        return held.sent

    def ask(self, session: str, size: int) -> SentMail | int | SessionAnswer:
        self.before("ask")
        held = self.sessions[session]
        assert size == held.size
        if self.forgets:
            return SessionAnswer.UNKNOWN
        return held.sent or len(held.received)

    def message_id(self, gmail_id: GmailId) -> MailHeaders:
        self.before("message_id")
        (found,) = self.mailbox.headers([gmail_id])
        if isinstance(found, Exception):
            raise found
        return found

    def _accept(self, held: Session) -> SentMail:
        raw = MESSAGE_ID.sub(b"Message-ID: <gmail-%d@mail.example>\r\n" % len(self.mailbox.mails), held.received, 1)
        if not self.keeps_marker:
            raw = re.sub(rb"X-Gmail-Sync-Entry: .*?\r\n", b"", raw, count=1)
        if b"To: refused@" in raw:
            raise Refused("invalidArgument", "Gmail refused the request (400).")
        name = self.mailbox.deliver(raw.decode(), labels=("SENT",), thread=held.thread)
        return SentMail(name, self.mailbox.mails[name].thread)

    def _threads(self) -> set[str]:
        return {mail.thread for mail in self.mailbox.mails.values()} | self.known_threads
