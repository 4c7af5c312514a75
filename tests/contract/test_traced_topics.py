"""The trace of what is published, as Pub/Sub hands it on: in an attribute beside the data, each message its own."""

import base64
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
from werkzeug.datastructures import Headers

from shared.adapters.pubsub.topics import PubSubTopics, Traces
from shared.domain.identifiers import NO_TRACE, LocationId, MailboxId, MessageId, TraceId
from shared.entrypoint import tracing
from shared.errors import Transient
from shared.ports.world import Event
from tests.client.wire import call, ok, until

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OWN = "4bf92f3577b34da6a3ce929d0e0e4736"
FIRST, SECOND = TraceId("0af7651916cd43dd8448eb211c80319c"), TraceId("b7ad6b7169203331b7ad6b7169203331")


class Bench:
    """Topics on the emulator; `published` is what the log would be told."""

    def __init__(self, host: str) -> None:
        self._root = f"http://{host}/v1/projects/p-{uuid.uuid4().hex[:8]}"
        self.published: list[tuple[str, Sequence[str], str]] = []
        ok(call("PUT", f"{self._root}/topics/all", body={}), "topic")
        body = {"topic": f"{self._root.partition('/v1/')[2]}/topics/all", "ackDeadlineSeconds": 600}
        ok(call("PUT", f"{self._root}/subscriptions/all", body=body), "subscription")
        self.topics = self.to("all")

    def to(self, topic: str) -> PubSubTopics:
        return PubSubTopics(
            urllib3.PoolManager(),
            self._root,
            work=lambda: topic,
            outbox=lambda: topic,
            events=lambda: topic,
            again=lambda: topic,
            authorization=lambda: "",
            traces=Traces(tracing.carried, lambda *told: self.published.append(told)),
        )

    def received(self, count: int) -> dict[str, Any]:
        """The messages' attributes by what the messages name."""
        found: dict[str, Any] = {}

        def pull() -> bool:
            url = f"{self._root}/subscriptions/all:pull"
            answer = ok(call("POST", url, body={"maxMessages": 1000, "returnImmediately": True}), "pull")
            for one in answer.get("receivedMessages", []):
                told = json.loads(base64.b64decode(one["message"]["data"]))
                found[str(next(iter(told.values())))] = one["message"].get("attributes", {})
            return len(found) >= count

        until(pull, what=f"{count} messages")
        return found


@pytest.fixture
def bench(pubsub_emulator: str) -> Bench:
    return Bench(pubsub_emulator)


def test_what_is_published_carries_the_trace_of_its_request(bench: Bench) -> None:
    span = tracing.begin(Headers([("traceparent", f"00-{OWN}-00f067aa0ba902b7-01")]))
    bench.topics.wake([MailboxId("m1"), MailboxId("m2")])
    bench.topics.announce([Event("e1", "message.stored", LocationId("l1"), AT)])

    carried = {"traceparent": f"00-{OWN}-{span}-01"}
    assert bench.received(3) == {"m1": carried, "m2": carried, "e1": carried}
    assert bench.published == [("work", ["m1", "m2"], NO_TRACE), ("events", ["e1"], NO_TRACE)]


def test_each_mail_and_event_with_a_trace_of_its_own_carries_that_one(bench: Bench) -> None:
    span = tracing.begin(Headers([("traceparent", f"00-{OWN}-00f067aa0ba902b7-01")]))
    bench.topics.deliver({MessageId("a"): FIRST, MessageId("b"): NO_TRACE, MessageId("c"): FIRST})
    bench.topics.announce([Event("d", "message.sent", LocationId("l1"), AT, trace=SECOND)])

    received = {name: attributes["traceparent"] for name, attributes in bench.received(4).items()}
    assert received == {
        "a": f"00-{FIRST}-{span}-00",
        "b": f"00-{OWN}-{span}-01",
        "c": f"00-{FIRST}-{span}-00",
        "d": f"00-{SECOND}-{span}-00",
    }
    assert bench.published == [("outbox", ["a", "c"], FIRST), ("outbox", ["b"], NO_TRACE), ("events", ["d"], SECOND)]


def test_what_the_topic_did_not_take_is_not_told_as_published(bench: Bench) -> None:
    with pytest.raises(Transient):
        bench.to("none").deliver({MessageId("a"): FIRST})
    assert bench.published == []
