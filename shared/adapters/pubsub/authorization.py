"""The function's own identity towards Google, as a header."""

from threading import Lock

import google.auth
import urllib3
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.urllib3 import Request

from shared.errors import Transient

SCOPE = "https://www.googleapis.com/auth/pubsub"


class OwnAuthorization:
    """The service account's token, kept until shortly before it expires, fetched by one thread at a time."""

    def __init__(self, pool: urllib3.PoolManager) -> None:
        self._request, self._lock = Request(pool), Lock()  # type: ignore[no-untyped-call]
        self._credentials: Credentials | None = None

    def __call__(self) -> str:
        """The value of `Authorization`. Raises `Transient` without an answer from Google."""
        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=[SCOPE], request=self._request)
                if not self._credentials.valid:
                    self._credentials.refresh(self._request)  # type: ignore[no-untyped-call]
            except GoogleAuthError as error:
                raise Transient(f"topics: {type(error).__name__}") from error
            return f"Bearer {self._credentials.token}"
