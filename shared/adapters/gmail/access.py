"""Opens mailboxes: unseals the grant when a token is needed; tokens and connections live as long as the instance."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from googleapiclient import discovery, discovery_cache

from shared.adapters.gmail.client import AT_ONCE, GmailClient
from shared.adapters.gmail.sender import GmailSender
from shared.adapters.gmail.transport import DEADLINES, AccessToken, Deadlines, Transport, new_pool
from shared.domain.mailbox import Mailbox
from shared.errors import GrantLost, Remedy
from shared.ports.gmail import Sealer

PURPOSE = "refresh-token"
TOKENS = 1_000


@dataclass(frozen=True, slots=True)
class GoogleClient:
    """The OAuth client of the deployment, and where Google's services are."""

    id: str
    secret: str
    token_url: str
    api_url: str


class _Nobody:
    def request(self, *_: object, **__: object) -> None:
        """Requests are executed with a mailbox's own transport, never with this."""
        raise RuntimeError("no mailbox")


class GoogleMailboxes:
    """The `GmailAccess` port on Google's API."""

    def __init__(
        self, client: GoogleClient, sealer: Sealer, now: Callable[[], datetime], deadlines: Deadlines = DEADLINES
    ) -> None:
        self._client, self._sealer, self._now, self._deadlines = client, sealer, now, deadlines
        self._pool = new_pool(deadlines)
        self._executor = ThreadPoolExecutor(4 * AT_ONCE, thread_name_prefix="gmail")
        self._tokens: OrderedDict[tuple[str, int], AccessToken] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def _users(self) -> Any:
        """The API's resource, built once from the document that the library ships, with our base address."""
        path = Path(discovery_cache.__file__).parent / "documents" / "gmail.v1.json"
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        document |= {"rootUrl": self._client.api_url, "baseUrl": self._client.api_url, "batchPath": "batch/gmail/v1"}
        document.pop("mtlsRootUrl", None)
        return discovery.build_from_document(document, http=_Nobody()).users()

    def open(self, mailbox: Mailbox) -> GmailClient:
        """The mailbox by its grant."""
        return GmailClient(self._users, self._transport(mailbox), self._executor)

    def sender(self, mailbox: Mailbox) -> GmailSender:
        """The mailbox's way out."""
        token = self._token(mailbox)
        return GmailSender(self._client.api_url, self._pool, token, self.open(mailbox), self._now, self._deadlines)

    def open_with(self, refresh_token: str) -> GmailClient:
        """A mailbox by a grant that is not kept yet."""
        token = self._access_token(lambda: refresh_token)
        return GmailClient(self._users, Transport(self._pool, token, self._now, self._deadlines), self._executor)

    def _transport(self, mailbox: Mailbox) -> Transport:
        return Transport(self._pool, self._token(mailbox), self._now, self._deadlines)

    def _token(self, mailbox: Mailbox) -> AccessToken:
        if not mailbox.grant:
            raise GrantLost(Remedy.RECONNECT, "no grant")
        sealed, key = mailbox.grant.sealed, (mailbox.id, mailbox.grant.version)
        with self._lock:
            if key not in self._tokens:
                self._tokens[key] = self._access_token(
                    lambda: self._sealer.unseal(sealed, owner=mailbox.id, purpose=PURPOSE), mailbox.subject
                )
            self._tokens.move_to_end(key)
            while len(self._tokens) > TOKENS:
                self._tokens.popitem(last=False)
            return self._tokens[key]

    def _access_token(self, refresh_token: Callable[[], str], subject: str = "") -> AccessToken:
        def form() -> dict[str, str]:
            return {
                "client_id": self._client.id,
                "client_secret": self._client.secret,
                "refresh_token": refresh_token(),
            }

        return AccessToken(self._pool, self._client.token_url, form, self._now, subject)
