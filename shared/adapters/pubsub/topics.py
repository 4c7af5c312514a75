"""Publishing to the project's topics."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import urllib3

from shared.domain.identifiers import NO_TRACE, MailboxId, MessageId, TraceId
from shared.domain.trace import TRACEPARENT
from shared.errors import Transient
from shared.ports.world import Event

GOOGLE = "https://pubsub.googleapis.com"
MOST_MESSAGES = 500
MOST_BYTES = 9_000_000
SEPARATOR_BYTES = 1
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


@dataclass(frozen=True, slots=True)
class Traces:
    """`carried` gives the `traceparent` of a message of that trace, or of the present one where it has none of its own.

    `published` is told what a topic has taken: the topic's kind, ids, and their trace.
    """

    carried: Callable[[TraceId], str]
    published: Callable[[str, Sequence[str], TraceId], None]


UNTRACED: Final = Traces(lambda _: "", lambda *_: None)


@dataclass(frozen=True, slots=True)
class _Message:
    id: str
    content: dict[str, object]
    trace: TraceId = NO_TRACE


class PubSubTopics:
    """`work`, `outbox`, `events` and `again` give the topics' short names when they are needed.

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
        again: Callable[[], str],
        authorization: Callable[[], str],
        traces: Traces = UNTRACED,
    ) -> None:
        self._pool, self._root, self._authorization, self._traces = pool, root, authorization, traces
        self._work, self._outbox, self._events, self._again = work, outbox, events, again

    def wake(self, mailboxes: Sequence[MailboxId]) -> None:
        """Mailboxes that need a look: `{"mailbox": id}` each."""
        self._publish("work", self._work, [_Message(one, {"mailbox": one}) for one in mailboxes])

    def deliver(self, entries: Mapping[MessageId, TraceId]) -> None:
        """Accepted mails: `{"entry": id}` each."""
        self._publish("outbox", self._outbox, [_Message(one, {"entry": one}, trace) for one, trace in entries.items()])

    def announce(self, events: Sequence[Event]) -> None:
        """What happened: `{"id", "type", "location", "occurred_at", "data"}` each."""
        self._publish("events", self._events, [_Message(one.id, _told(one), one.trace) for one in events])

    def deliver_again(self, events: Mapping[str, TraceId]) -> None:
        """Events that wait: `{"id": id}` each."""
        self._publish("again", self._again, [_Message(one, {"id": one}, trace) for one, trace in events.items()])

    def _publish(self, kind: str, topic: Callable[[], str], messages: Sequence[_Message]) -> None:
        """The trace goes along as an attribute, which a push hands over with the message."""
        parents = {trace: self._traces.carried(trace) for trace in dict.fromkeys(one.trace for one in messages)}
        for batch in batches(_envelope(one.content, parents[one.trace]) for one in messages):
            self._send(f"{self._root}/topics/{topic()}:publish", f'{{"messages":[{",".join(batch)}]}}'.encode("ascii"))
        for trace in parents:
            self._traces.published(kind, [one.id for one in messages if one.trace == trace], trace)

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
        if batch and (len(batch) == MOST_MESSAGES or size + len(one) + SEPARATOR_BYTES > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one) + SEPARATOR_BYTES
    if batch:
        yield batch


def _envelope(content: Mapping[str, object], parent: str) -> str:
    data = base64.b64encode(msgspec.json.encode(content)).decode("ascii")
    return f'{{"data":"{data}","attributes":{{"{TRACEPARENT}":"{parent}"}}}}' if parent else f'{{"data":"{data}"}}'


def _told(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "type": event.type,
        "location": event.location,
        "occurred_at": event.occurred_at,
        "data": event.details,
    }
