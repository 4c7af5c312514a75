"""One mailbox, read through requests that google-api-python-client builds."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONDecodeError
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from shared.adapters.gmail.attachment_stream import decoded
from shared.adapters.gmail.transport import Transport
from shared.domain.addresses import Address
from shared.domain.headers import Headers
from shared.domain.history import Change, ChangeKind
from shared.domain.identifiers import GmailId, ThreadId
from shared.domain.mailbox import Alias
from shared.errors import CursorExpired, Gone, PageExpired, Refused, Transient
from shared.ports.gmail import FullMail, HistoryPage, IdPage, MailHeaders, Profile, Watch

T = TypeVar("T")
AT_ONCE = 10
MOST_SIGNATURES = 200_000
"""Characters of signatures that one mailbox's document has room for."""
METADATA = [
    *("From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Subject", "Date"),
    *("Message-ID", "In-Reply-To", "References", "Return-Path", "Authentication-Results"),
    *("Auto-Submitted", "Precedence", "List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond"),
    *("X-Autoresponder", "X-Autoreply-From", "X-Mail-Autoreply", "Content-Type"),
    *("X-Failed-Recipients", "X-Gmail-Sync-Entry"),
]
ANY_ID = "ANY-ID"
WITHOUT_SNIPPET = "id,threadId,labelIds,internalDate,historyId,sizeEstimate,payload"
KINDS = (
    ("messagesAdded", ChangeKind.ADDED),
    ("labelsAdded", ChangeKind.LABELS_ADDED),
    ("labelsRemoved", ChangeKind.LABELS_REMOVED),
)


class GmailClient:
    """`users` is the built resource `users()` of the Gmail API; threads may build requests with it at once."""

    def __init__(self, users: Any, transport: Transport, executor: Executor) -> None:
        self._users, self._transport, self._executor = users, transport, executor

    def _call(self, request: Any, *needed: str) -> dict[str, Any]:
        try:
            answer = request.execute(http=self._transport)
        except (JSONDecodeError, UnicodeDecodeError) as error:
            raise Transient("gmail: the answer is not JSON") from error
        if needed:
            return _with(answer, *needed)
        return answer if isinstance(answer, dict) else {}

    def profile(self) -> Profile:
        """The address and the newest history id."""
        told = self._call(self._users.getProfile(userId="me"), "emailAddress", "historyId")
        return Profile(Address(told["emailAddress"].lower()), int(told["historyId"]))

    def aliases(self) -> tuple[str, tuple[Alias, ...]]:
        """The account's display name, and every verified send-as address, with signatures as far as there is room."""
        name, found, room = "", [], MOST_SIGNATURES
        for one in self._call(self._users.settings().sendAs().list(userId="me"), "sendAs")["sendAs"]:
            if one.get("isPrimary"):
                name = one.get("displayName", "")
            if one.get("isPrimary") or one.get("verificationStatus", "accepted") == "accepted":
                address = Address(one["sendAsEmail"].lower())
                signature = one.get("signature", "")
                signature = signature if len(signature) <= room else ""
                room -= len(signature)
                found.append(Alias(address, one.get("displayName", ""), signature))
        return name, tuple(found)

    def labels(self) -> dict[str, str]:
        """The name of each label by its id."""
        told = self._call(_part(self._users, "labels").list(userId="me"), "labels")
        return {str(one["id"]): str(one.get("name", "")) for one in told["labels"]}

    def watch(self, topic: str) -> Watch:
        """Notifications of everything, for seven days."""
        told = self._call(self._users.watch(userId="me", body={"topicName": topic}), "historyId", "expiration")
        return Watch(int(told["historyId"]), _time(told["expiration"]))

    def stop(self) -> None:
        """No more notifications."""
        self._call(self._users.stop(userId="me"))

    def history(self, since: int, page: str | None) -> HistoryPage:
        """A page of what happened after `since`; the types' names are singular here and plural in the answer."""
        request = _part(self._users, "history").list(
            userId="me",
            startHistoryId=str(since),
            historyTypes=["messageAdded", "labelAdded", "labelRemoved"],
            maxResults=500,
            pageToken=page,
        )
        try:
            told = self._call(request, "historyId")
        except Gone as error:
            raise CursorExpired from error
        except Refused as error:
            if page:
                raise PageExpired from error
            raise
        changes = [change for record in told.get("history", ()) for change in _changes(record)]
        return HistoryPage(tuple(changes), int(told["historyId"]), told.get("nextPageToken"))

    def search(self, query: str, page: str | None, *, include_spam_trash: bool = False) -> IdPage:
        """A page of the ids that a search finds."""
        request = _part(self._users, "messages").list(
            userId="me", q=query, maxResults=500, pageToken=page, includeSpamTrash=include_spam_trash
        )
        try:
            told = self._call(request)
        except Refused as error:
            if page:
                raise PageExpired from error
            raise
        if "messages" not in told:
            _with(told, "resultSizeEstimate")
        ids = tuple((GmailId(one["id"]), ThreadId(one["threadId"])) for one in told.get("messages", ()))
        return IdPage(ids, told.get("nextPageToken"))

    def headers(self, ids: Sequence[GmailId]) -> list[MailHeaders | Exception]:
        """The headers of each id, ten at once; what concerns the whole mailbox is raised."""
        made = _made(self._users, "metadata")
        return self._each(ids, lambda gmail_id: _headers(self._mail(gmail_id, made)))

    def fulls(self, ids: Sequence[GmailId]) -> list[FullMail | Exception]:
        """The whole mails, likewise."""
        made = _made(self._users, "full")
        return self._each(ids, lambda gmail_id: self._whole(gmail_id, made))

    def _each(self, ids: Sequence[GmailId], get: Callable[[GmailId], T]) -> list[T | Exception]:
        answers: list[T | Exception] = [Gone()] * len(ids)
        stop = threading.Event()

        def lane(first: int) -> None:
            for at in range(first, len(ids), AT_ONCE):
                if stop.is_set():
                    return
                try:
                    answers[at] = get(ids[at])
                except (Gone, Refused) as error:
                    answers[at] = error
                except Exception:
                    stop.set()
                    raise

        lanes = min(AT_ONCE, len(ids))
        if lanes == 1:
            lane(0)
            return answers
        for done in [self._executor.submit(lane, first) for first in range(lanes)]:
            done.result()
        return answers

    def full(self, gmail_id: GmailId) -> FullMail:
        """The whole mail as Gmail parsed it."""
        return self._whole(gmail_id, _made(self._users, "full"))

    def _whole(self, gmail_id: GmailId, made: "_Made") -> FullMail:
        told = self._mail(gmail_id, made)
        return FullMail(_headers(told), told.get("payload", {}))

    def _mail(self, gmail_id: GmailId, made: "_Made") -> dict[str, Any]:
        uri = made.uri.replace(ANY_ID, quote(gmail_id, safe=""))
        try:
            told = msgspec.json.decode(self._transport.get(uri, made.headers), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Transient("gmail: the answer is not JSON") from error
        return _with(told, "id", "threadId", "internalDate")

    def attachment(self, gmail_id: GmailId, attachment: str) -> Iterator[bytes]:
        """An attachment's bytes, streamed."""
        request = _part(_part(self._users, "messages"), "attachments").get(
            userId="me", messageId=gmail_id, id=attachment
        )
        yield from decoded(self._transport.stream(request.uri))


@dataclass(frozen=True, slots=True)
class _Made:
    """A messages.get request as the library builds it, but for its id."""

    uri: str
    headers: Mapping[str, str]


def _with(answer: Any, *needed: str) -> dict[str, Any]:
    """The answer, if it is what was asked for: a list that only seems empty would be taken for the whole truth."""
    if not isinstance(answer, dict) or not all(name in answer for name in needed):
        raise Transient("gmail: the answer is none")
    return answer


@lru_cache(maxsize=16)
def _part(of: Any, name: str) -> Any:
    """A resource of the API's resource; the library makes a new one each time that it is asked, at 1 to 2 ms."""
    return getattr(of, name)()


@lru_cache(maxsize=8)
def _made(users: Any, form: str) -> _Made:
    """Built once: what the library takes to build one costs more than the call itself.

    The commas of `fields` may stand as they are (RFC 3986 3.4), and without a percent sign urllib3 has no need to take
    the address apart letter by letter.
    """
    listed = {"metadataHeaders": METADATA} if form == "metadata" else {}
    request = _part(users, "messages").get(userId="me", id=ANY_ID, format=form, fields=WITHOUT_SNIPPET, **listed)
    return _Made(request.uri.replace("%2C", ","), dict(request.headers))


def _changes(record: Mapping[str, Any]) -> Iterator[Change]:
    for name, kind in KINDS:
        for one in record.get(name, ()):
            mail = one["message"]
            labels = mail.get("labelIds", ()) if kind is ChangeKind.ADDED else one.get("labelIds", ())
            yield Change(
                int(record["id"]), kind, GmailId(mail["id"]), ThreadId(mail.get("threadId", "")), frozenset(labels)
            )


def _headers(told: Mapping[str, Any]) -> MailHeaders:
    listed = told.get("payload", {}).get("headers", ())
    return MailHeaders(
        gmail_id=GmailId(told["id"]),
        thread_id=ThreadId(told["threadId"]),
        labels=frozenset(told.get("labelIds", ())),
        internal_at=_time(told["internalDate"]),
        history_id=int(told.get("historyId", 0)),
        size=int(told.get("sizeEstimate", 0)),
        headers=Headers(tuple((one["name"], one["value"]) for one in listed)),
    )


def _time(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
