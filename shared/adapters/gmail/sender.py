"""Sends of one mailbox as resumable uploads, each request made once: what may have been accepted is never repeated.

The session's address is asked for with the request that the library builds, and the mail then goes out in one PUT over
urllib3, made while it is read.
"""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3

from shared.adapters.gmail.client import GmailClient
from shared.adapters.gmail.statuses import failure
from shared.adapters.gmail.transport import BROKEN, DEADLINES, AccessToken, Deadlines
from shared.domain.identifiers import GmailId, ThreadId
from shared.errors import Doubtful, Gone, GrantLost, Refused, Transient
from shared.ports.gmail import MailHeaders, MailStream, SentMail, SessionAnswer

CONNECT_SECONDS = 10.0
RESUME = 308
PATH = "upload/gmail/v1/users/me/messages/send?uploadType=resumable"
RANGE = re.compile(r"bytes=0-(\d{1,12})")


class GmailSender:
    """One mailbox's way out; `mailbox` reads what became of a sent mail."""

    def __init__(
        self,
        api_url: str,
        pool: urllib3.PoolManager,
        token: AccessToken,
        mailbox: GmailClient,
        now: Callable[[], datetime],
        deadlines: Deadlines = DEADLINES,
    ) -> None:
        self._api_url, self._pool, self._token, self._mailbox, self._now = api_url, pool, token, mailbox, now
        self._deadlines = deadlines

    def begin(self, size: int, thread_id: ThreadId | None) -> str:
        """Opens an upload session for a mail of `size` bytes; that sends nothing, so a stale token may be renewed."""
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Upload-Content-Type": "message/rfc822",
            "X-Upload-Content-Length": str(size),
        }
        body = msgspec.json.encode({"threadId": thread_id} if thread_id else {})
        answer = self._authorized("POST", f"{self._api_url}{PATH}", headers, body)
        if answer.status != HTTPStatus.OK:
            raise self._failure(answer)
        session = answer.headers.get("Location", "")
        if not self._trusted(session):
            raise Transient("gmail: no upload session")
        return session

    def finish(self, session: str, mail: MailStream, *, start: int = 0) -> SentMail:
        """Uploads the mail from `start` on, which sends it."""
        upload = _Upload(mail, start, until=time.monotonic() + self._deadlines.upload)
        headers = {
            "Content-Type": "message/rfc822",
            "Content-Length": str(mail.size - start),
            "Content-Range": f"bytes {start}-{mail.size - 1}/{mail.size}",
        }
        try:
            answer = self._once("PUT", session, headers, upload.blocks(), self._token.get(), self._deadlines.upload)
        except BROKEN as error:
            raise _cut_off(upload, error) from error
        return self._outcome(answer, session, mail.size)

    def _outcome(self, answer: urllib3.BaseHTTPResponse, session: str, size: int) -> SentMail:
        if answer.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
            if sent := _sent(answer):
                return sent
            raise Doubtful("gmail: accepted, but the answer is not readable")
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise Transient("gmail: token refused")
        refused = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if not refused or answer.status == HTTPStatus.REQUEST_TIMEOUT:
            raise Doubtful(f"gmail: {answer.status}")
        error = self._failure(answer)
        if isinstance(error, Transient):
            return self._confirmed(error, session, size)
        raise error

    def _confirmed(self, refusal: Transient, session: str, size: int) -> SentMail:
        """What the session says after "not now": a limit may have been met only once the mail had been accepted.

        Raises the refusal if the session has less than the whole mail; else `Doubtful`, also where the session is told
        to wait itself: nobody knows then, and it is asked again when that wait is over.
        """
        try:
            have = self.ask(session, size)
        except (Transient, GrantLost, Refused, Gone) as lost:
            raise Doubtful(refusal.reason) from lost
        if isinstance(have, SentMail):
            return have
        raise refusal if isinstance(have, int) else Doubtful(refusal.reason)

    def ask(self, session: str, size: int) -> SentMail | int | SessionAnswer:
        """What became of a session (`Content-Range: bytes */size`)."""
        headers = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
        answer = self._authorized("PUT", session, headers, b"")
        if answer.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return _sent(answer) or SessionAnswer.UNKNOWN
        if answer.status == RESUME:
            told = RANGE.fullmatch(answer.headers.get("Range", ""))
            have = int(told[1]) + 1 if told else 0
            return have if have < size else SessionAnswer.INCOMPLETE
        error = self._failure(answer)
        if isinstance(error, Refused | Gone):
            return SessionAnswer.UNKNOWN
        raise error

    def message_id(self, gmail_id: GmailId) -> MailHeaders:
        """The headers that Gmail kept of a sent mail."""
        (found,) = self._mailbox.headers([gmail_id])
        if isinstance(found, Exception):
            raise found
        return found

    def _authorized(self, method: str, url: str, headers: dict[str, str], body: bytes) -> urllib3.BaseHTTPResponse:
        """One request that sends nothing; repeated once with a fresh token where the first was refused."""
        token, seconds = self._token.get(), self._deadlines.question
        try:
            answer = self._once(method, url, headers, body, token, seconds)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                answer = self._once(method, url, headers, body, self._token.get(refused=token), seconds)
        except BROKEN as error:
            raise Transient(f"gmail: {type(error).__name__}") from error
        return answer

    def _once(
        self, method: str, url: str, headers: dict[str, str], body: Any, token: str, seconds: float
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            url,
            body=body,
            headers={**headers, "Authorization": f"Bearer {token}"},
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds, total=seconds),
            retries=False,
            redirect=False,
        )

    def _failure(self, answer: urllib3.BaseHTTPResponse) -> Exception:
        told = {name.lower(): value for name, value in answer.headers.items()}
        return failure(answer.status, answer.data, told, self._now())

    def _trusted(self, session: str) -> bool:
        """Whether the session is Google's own: the token goes there."""
        own, given = urlsplit(self._api_url), urlsplit(session)
        if (given.scheme, given.netloc) == (own.scheme, own.netloc):
            return True
        return given.scheme == "https" and (given.hostname or "").endswith(".googleapis.com") and not given.username


class _Upload:
    """The mail on its way: how much of it was handed over, and until when."""

    def __init__(self, mail: MailStream, start: int, *, until: float) -> None:
        self._mail, self._start, self._until = mail, start, until
        self.left = mail.size - start

    def blocks(self) -> Iterator[bytes]:
        for block in self._mail.open_at(self._start):
            if time.monotonic() > self._until:
                raise TimeoutError("the upload took too long")
            self.left -= len(block)
            yield block


def _cut_off(upload: _Upload, error: Exception) -> Exception:
    """Before the last block was handed over the request was never complete, so that Gmail can't have accepted it."""
    if upload.left > 0:
        return Transient(f"gmail: {type(error).__name__} before the mail was complete")
    return Doubtful(f"gmail: {type(error).__name__}")


def _sent(answer: urllib3.BaseHTTPResponse) -> SentMail | None:
    try:
        told = msgspec.json.decode(answer.data, type=dict[str, Any])
        return SentMail(GmailId(str(told["id"])), ThreadId(str(told["threadId"])))
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return None
