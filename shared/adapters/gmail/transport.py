"""HTTP to Google over urllib3: thread-safe, pooled, with a total deadline; what may be accepted is never repeated.

googleapiclient's own transport is not thread-safe and was seen delivering one send twice, so its requests are executed
with the `Transport` below as their `http`.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httplib2
import urllib3

from shared.adapters.gmail.renewal import read_renewal
from shared.adapters.gmail.statuses import failure, token_failure
from shared.errors import Transient

BLOCK = 65_536
DEADLINE = 60.0
STREAM_DEADLINE = 300.0
"""Seconds that a whole answer may take; a large one, which is read in blocks, may take longer."""
EARLY = timedelta(seconds=120)
OK, UNAUTHORIZED, SERVER = 200, 401, 500
BROKEN = (urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: for an `upload` as a whole, for a `question` of a send, between two pieces of a read.

    `repeats` are the waits before each try of a read; what is no read is tried once.
    """

    upload: float = 120.0
    question: float = 20.0
    read: float = 30.0
    repeats: tuple[float, ...] = (0.0, 0.5, 1.5)


DEADLINES = Deadlines()


def new_pool(deadlines: Deadlines = DEADLINES) -> urllib3.PoolManager:
    """The process's connections to Google."""
    timeout = urllib3.Timeout(connect=5.0, read=deadlines.read)
    return urllib3.PoolManager(num_pools=16, maxsize=64, timeout=timeout, retries=False)


class AccessToken:
    """A mailbox's access token, fetched when it is first needed; ten threads make one refresh."""

    def __init__(
        self,
        pool: urllib3.PoolManager,
        url: str,
        form: Callable[[], Mapping[str, str]],
        now: Callable[[], datetime],
        subject: str = "",
    ) -> None:
        self._pool, self._url, self._form, self._now, self._subject = pool, url, form, now, subject
        self._lock = threading.Lock()
        self._token, self._expires = "", datetime.fromtimestamp(0).astimezone()

    def get(self, refused: str | None = None) -> str:
        """A token that is good for two minutes at least and is not the one that was `refused`."""
        with self._lock:
            if not self._token or self._token == refused or self._expires - EARLY <= self._now():
                self._refresh()
            return self._token

    def _refresh(self) -> None:
        body = urlencode({**self._form(), "grant_type": "refresh_token"})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = self._pool.request("POST", self._url, body=body, headers=headers, retries=False, redirect=False)
            if answer.status != OK:
                raise token_failure(answer.status, answer.data)
            told = read_renewal(answer.data, self._subject)
        except BROKEN as error:
            raise Transient(f"token endpoint: {type(error).__name__}") from error
        self._token, self._expires = told.access_token, self._now() + timedelta(seconds=told.expires_in)


class Transport:
    """The `http` of one mailbox; it has no attribute `credentials`, on which googleapiclient would build its own."""

    def __init__(
        self,
        pool: urllib3.PoolManager,
        token: AccessToken,
        now: Callable[[], datetime],
        deadlines: Deadlines = DEADLINES,
    ) -> None:
        self._pool, self._token, self.now, self._repeats = pool, token, now, deadlines.repeats

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[httplib2.Response, bytes]:
        """One call as googleapiclient makes it. Reads are repeated, anything else is made once.

        Raises what `statuses.failure` makes of an answer of 400 or more, and `Transient` for a broken connection.
        """
        answer, content = self._repeated(method, uri, body, dict(headers or {}))
        return _answered(answer), content

    def get(self, uri: str, headers: Mapping[str, str]) -> bytes:
        """The content behind an address that is made already. Raises as `request` does."""
        return self._repeated("GET", uri, None, dict(headers))[1]

    def _repeated(
        self, method: str, uri: str, body: Any, headers: dict[str, str]
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        error: Exception = Transient("gmail: not asked")
        for wait in self._repeats if method == "GET" else self._repeats[:1]:
            if wait:
                time.sleep(wait)
            try:
                answer = self._authorized(method, uri, body, headers)
                content = _whole(answer)
            except BROKEN as broken:
                error = Transient(f"gmail: {type(broken).__name__}")
                continue
            if answer.status < 400:  # noqa: PLR2004
                return answer, content
            error = failure(answer.status, content, _told(answer), self.now())
            if answer.status < SERVER:
                break
        raise error

    def stream(self, uri: str) -> Iterator[bytes]:
        """The raw bytes of a large answer, in blocks. Raises as `request` does, and `Transient` after 300 seconds."""
        until = time.monotonic() + STREAM_DEADLINE
        try:
            answer = self._authorized("GET", uri, None, {})
            if answer.status != OK:
                raise failure(answer.status, _whole(answer), _told(answer), self.now())
            yield from _within(answer, until)
            answer.release_conn()
        except BROKEN as broken:
            raise Transient(f"gmail: {type(broken).__name__}") from broken

    def _authorized(self, method: str, uri: str, body: Any, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        token = self._token.get()
        answer = self._once(method, uri, body, headers, token)
        if answer.status == UNAUTHORIZED:
            answer.drain_conn()
            answer.release_conn()
            answer = self._once(method, uri, body, headers, self._token.get(refused=token))
        return answer

    def _once(self, method: str, uri: str, body: Any, headers: dict[str, str], token: str) -> urllib3.BaseHTTPResponse:
        return self._pool.urlopen(
            method,
            uri,
            body=body,
            headers={**headers, "authorization": f"Bearer {token}"},
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Nothing to close: the pool is the process's."""


def _told(answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _answered(answer: urllib3.BaseHTTPResponse) -> httplib2.Response:
    made = httplib2.Response({**_told(answer), "status": str(answer.status)})
    made.reason = answer.reason or ""
    return made


def _whole(answer: urllib3.BaseHTTPResponse) -> bytes:
    content = b"".join(_within(answer, time.monotonic() + DEADLINE))
    answer.release_conn()
    return content


def _within(answer: urllib3.BaseHTTPResponse, until: float) -> Iterator[bytes]:
    """The blocks of the answer, as long as the monotonic clock shows no more than `until`."""
    for block in answer.stream(BLOCK, decode_content=True):
        if time.monotonic() > until:
            answer.close()
            raise urllib3.exceptions.ReadTimeoutError(None, "", "the answer took too long")  # type: ignore[arg-type]
        yield block
