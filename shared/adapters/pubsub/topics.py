"""Publishing to the project's topics."""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import urllib3

from shared.domain.identifiers import MailboxId, MessageId
from shared.errors import Transient
from shared.ports.world import Event

GOOGLE = "https://pubsub.googleapis.com"
MOST_MESSAGES = 500
MOST_BYTES = 9_000_000
ENVELOPE_BYTES = 16
TIMEOUT = urllib3.Timeout(connect=5, read=10)
TRIES_AGAIN = urllib3.Retry(
    total=2,
    backoff_factor=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods={"POST"},
    respect_retry_after_header=False,
    raise_on_status=False,
)
"""A message that is published twice does no harm here; one that is not published would."""


class PubSubTopics:
    """`work`, `outbox` and `events` give the topics' short names when they are needed.

    `authorization` gives the header that proves who publishes, empty where nobody asks.
    """

    def __init__(
        self,
        pool: urllib3.PoolManager,
        root: str,
        *,
        work: Callable[[], str],
        outbox: Callable[[], str],
        events: Callable[[], str],
        authorization: Callable[[], str],
    ) -> None:
        self._pool, self._root, self._authorization = pool, root, authorization
        self._work, self._outbox, self._events = work, outbox, events

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        """Mailboxes that need a look: `{"mailbox": id}` each."""
        self._publish(self._work, ({"mailbox": mailbox} for mailbox in mailboxes))

    def deliver(self, entries: Sequence[MessageId]) -> None:
        """Accepted mails: `{"entry": id}` each."""
        self._publish(self._outbox, ({"entry": entry} for entry in entries))

    def announce(self, events: Sequence[Event]) -> None:
        """What happened: `{"id", "type", "location", "occurred_at", "data"}` each."""
        self._publish(self._events, map(_told, events))

    def _publish(self, topic: Callable[[], str], contents: Iterable[dict[str, object]]) -> None:
        for batch in batches(base64.b64encode(msgspec.json.encode(one)).decode("ascii") for one in contents):
            body = msgspec.json.encode({"messages": [{"data": one} for one in batch]})
            self._send(f"{self._root}/topics/{topic()}:publish", body)

    def _send(self, url: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        if authorization := self._authorization():
            headers["Authorization"] = authorization
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=headers, timeout=TIMEOUT, retries=TRIES_AGAIN, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Transient(f"topics: {type(error).__name__}") from error
        if answer.status != 200:  # noqa: PLR2004 - the one status of success
            raise Transient(f"topics: {answer.status}")


def batches(contents: Iterable[str]) -> Iterator[list[str]]:
    """The contents in order, in lists that one request may carry."""
    batch: list[str] = []
    size = 0
    for one in contents:
        if batch and (len(batch) == MOST_MESSAGES or size + len(one) + ENVELOPE_BYTES > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one) + ENVELOPE_BYTES
    if batch:
        yield batch


def _told(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "type": event.type,
        "location": event.location,
        "occurred_at": event.occurred_at,
        "data": event.details,
    }
