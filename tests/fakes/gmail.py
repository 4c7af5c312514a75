"""Gmail in memory: mailboxes with mail, history and a little misbehaviour, behind the `GmailAccess` port."""

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import Message
from functools import lru_cache
from typing import Any

from shared.domain.addresses import Address
from shared.domain.headers import Headers
from shared.domain.history import Change, ChangeKind
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mailbox import Alias, Mailbox
from shared.errors import CursorExpired, Gone, Refused
from shared.ports.gmail import FullMail, HistoryPage, IdPage, MailHeaders, Profile, Watch

EPOCH = datetime.fromtimestamp(0, UTC)


@lru_cache(maxsize=2)
def _parsed(raw: str) -> Message:
    """A mail with many files is asked for each of them."""
    return message_from_string(raw)


@dataclass(frozen=True)
class FakeMail:
    id: GmailId
    thread: ThreadId
    labels: frozenset[str]
    at: datetime
    raw: str
    history_id: int


@dataclass
class FakeMailbox:
    """One account; `fail` may raise for a call, by its name and argument; `page` is the size of a history page."""

    address: str
    now: Callable[[], datetime]
    mails: dict[str, FakeMail] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    newest: int = 1000
    oldest: int = 0
    page: int = 100
    lag: int = 0
    delivered: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fail: Callable[[str, str], None] = lambda _name, _what: None
    attachments_read: int = 0
    more_aliases: tuple[Alias, ...] = ()
    own_labels: dict[str, str] = field(default_factory=dict)

    # what happens to the mailbox

    def deliver(
        self, raw: str, *, labels: Sequence[str] = ("INBOX", "UNREAD"), at: datetime | None = None, thread: str = ""
    ) -> GmailId:
        self.delivered += 1
        number = self.delivered
        name = GmailId(f"m{number}-{self.address.partition('@')[0]}")
        mail = FakeMail(name, ThreadId(thread or f"t{number}"), frozenset(labels), at or self.now(), raw, self._next())
        self.mails[name] = mail
        self.changes.append(Change(mail.history_id, ChangeKind.ADDED, name, mail.thread, mail.labels))
        return name

    def label(self, name: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        mail = self.mails[name]
        at = self._next()
        self.mails[name] = replace(mail, labels=(mail.labels | set(add)) - set(remove), history_id=at)
        if add:
            self.changes.append(Change(at, ChangeKind.LABELS_ADDED, mail.id, mail.thread, frozenset(add)))
        if remove:
            self.changes.append(Change(at, ChangeKind.LABELS_REMOVED, mail.id, mail.thread, frozenset(remove)))

    def delete(self, name: str) -> None:
        del self.mails[name]
        self._next()

    def forget_history(self) -> None:
        self.oldest = self.newest + 1
        self._next()
        self.changes.clear()

    def _next(self) -> int:
        self.newest += 3
        return self.newest

    # the port

    def _count(self, name: str, what: str = "") -> None:
        self.calls[name] += 1
        self.asked.append((name, what))
        self.fail(name, what)

    def profile(self) -> Profile:
        self._count("profile")
        return Profile(Address(self.address), self.newest)

    def aliases(self) -> tuple[str, tuple[Alias, ...]]:
        self._count("aliases")
        return "", (Alias(Address(self.address)), *self.more_aliases)

    def labels(self) -> dict[str, str]:
        self._count("labels")
        return {"INBOX": "INBOX", "UNREAD": "UNREAD", **self.own_labels}

    def watch(self, topic: str) -> Watch:
        self._count("watch", topic)
        return Watch(self.newest, self.now() + timedelta(days=7))

    def stop(self) -> None:
        self._count("stop")

    def history(self, since: int, page: str | None) -> HistoryPage:
        self._count("history", str(since))
        if since < self.oldest:
            raise CursorExpired
        shown = [change for change in self.changes if since < change.history_id <= self.newest - self.lag]
        first = int(page or 0)
        some = shown[first : first + self.page]
        following = str(first + self.page) if len(shown) > first + self.page else None
        return HistoryPage(tuple(some), self.newest - self.lag, following)

    def search(self, query: str, page: str | None, *, include_spam_trash: bool = False) -> IdPage:
        self._count("search", query)
        since = (
            datetime.fromtimestamp(int(query.partition("after:")[2].split()[0]), UTC) if "after:" in query else EPOCH
        )
        hidden = frozenset() if include_spam_trash else frozenset({"SPAM", "TRASH"})
        until = (
            datetime.fromtimestamp(int(query.partition("before:")[2].split()[0]), UTC) if "before:" in query else None
        )
        told = [word for word in query.strip("{}").split() if not word.startswith(("after:", "before:", "in:"))]
        words = [word.partition(":")[2] for word in told]
        found = [
            mail
            for mail in self.mails.values()
            if mail.at >= since
            and (until is None or mail.at < until)
            and not mail.labels & hidden
            and (not words or any(word in mail.raw for word in words))
        ]
        found = [mail for mail in found if "in:sent" not in query or "SENT" in mail.labels]
        found.sort(key=lambda mail: mail.at, reverse=True)
        first = int(page or 0)
        some = found[first : first + self.page]
        following = str(first + self.page) if len(found) > first + self.page else None
        return IdPage(tuple((mail.id, mail.thread) for mail in some), following)

    def headers(self, ids: Sequence[GmailId]) -> list[MailHeaders | Exception]:
        return [self._each("headers", one, self._headers) for one in ids]

    def fulls(self, ids: Sequence[GmailId]) -> list[FullMail | Exception]:
        return [self._each("full", one, self._full) for one in ids]

    def full(self, gmail_id: GmailId) -> FullMail:
        self._count("full", gmail_id)
        if gmail_id not in self.mails:
            raise Gone(gmail_id)
        return self._full(self.mails[gmail_id])

    def attachment(self, gmail_id: GmailId, attachment: str) -> Iterator[bytes]:
        self._count("attachment", gmail_id)
        if gmail_id not in self.mails:
            raise Gone(gmail_id)
        part = list(_parsed(self.mails[gmail_id].raw).walk())[int(attachment.partition("-")[2])]
        content: Any = part.get_payload(decode=True)
        yield bytes(content)

    def _each(self, name: str, gmail_id: GmailId, get: Callable[[FakeMail], Any]) -> Any:
        try:
            self._count(name, gmail_id)
        except Refused as error:
            return error
        return get(self.mails[gmail_id]) if gmail_id in self.mails else Gone(gmail_id)

    def _headers(self, mail: FakeMail) -> MailHeaders:
        fields = [(name, str(value)) for name, value in message_from_string(mail.raw).items()]
        return MailHeaders(
            mail.id, mail.thread, mail.labels, mail.at, mail.history_id, len(mail.raw), Headers(tuple(fields))
        )

    def _full(self, mail: FakeMail) -> FullMail:
        return FullMail(self._headers(mail), self._part(message_from_string(mail.raw), "", Counter()))

    def _part(self, part: Any, name: str, numbers: Counter[str]) -> dict[str, Any]:
        here = numbers["parts"]
        numbers["parts"] += 1
        told: dict[str, Any] = {
            "partId": name,
            "mimeType": part.get_content_type(),
            "filename": part.get_filename() or "",
            "headers": [{"name": key, "value": str(value)} for key, value in part.items()],
        }
        if part.is_multipart():
            prefix = f"{name}." if name else ""
            told["body"] = {"size": 0}
            told["parts"] = [self._part(one, f"{prefix}{at}", numbers) for at, one in enumerate(part.get_payload())]
            return told
        content = part.get_payload(decode=True)
        if told["filename"]:
            told["body"] = {"size": len(content), "attachmentId": f"{self.calls['full']}-{here}"}
        else:
            told["body"] = {"size": len(content), "data": base64.urlsafe_b64encode(content).decode()}
        return told


class FakeGmailAccess:
    """Opens accounts by address; a grant whose sealed token is in `refused` is lost."""

    def __init__(self) -> None:
        self.accounts: dict[str, FakeMailbox] = {}
        self.refused: dict[str, Exception] = {}

    def add(self, address: str, now: Callable[[], datetime]) -> FakeMailbox:
        self.accounts[address] = FakeMailbox(address, now)
        return self.accounts[address]

    def open(self, mailbox: Mailbox) -> FakeMailbox:
        return self._opened(mailbox.address, mailbox.grant.sealed if mailbox.grant else "")

    def open_with(self, refresh_token: str) -> FakeMailbox:
        return self._opened(refresh_token, refresh_token)

    def sender(self, mailbox: Mailbox) -> Any:
        raise AssertionError("a sync sends nothing")

    def _opened(self, address: str, token: str) -> FakeMailbox:
        if token in self.refused:
            raise self.refused[token]
        return self.accounts[address]
