"""What the topics promise, kept by the fake and by Pub/Sub alike."""

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest
import urllib3

from shared.adapters.pubsub.topics import MOST_BYTES, MOST_MESSAGES, PubSubTopics, batches
from shared.domain.identifiers import NO_TRACE, LocationId, MailboxId, MessageId
from shared.errors import Transient
from shared.ports.world import Event, Topics
from tests.client.wire import call, ok, until
from tests.fakes.topics import FakeTopics

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
POOL = urllib3.PoolManager()


@dataclass(frozen=True, slots=True)
class Bench:
    """Topics, and all that came out of one of them (`work`, `outbox`, `events`), the given number at least."""

    topics: Topics
    received: Callable[[str, int], list[Any]]


def _fake() -> Bench:
    fake = FakeTopics()

    def received(topic: str, _count: int) -> list[Any]:
        published: dict[str, list[Any]] = {
            "work": [{"mailbox": one} for one in fake.woken],
            "outbox": [{"entry": one} for one in fake.delivered],
            "events": [_told(one) for one in fake.announced],
            "again": [{"id": one} for one in fake.again],
        }
        return published[topic]

    return Bench(fake, received)


def _told(event: Event) -> object:
    told = {"id": event.id, "type": event.type, "location": event.location, "data": event.details}
    return msgspec.json.decode(msgspec.json.encode({**told, "occurred_at": event.occurred_at}))


def _real(host: str) -> Bench:
    root = f"http://{host}/v1/projects/p-{uuid.uuid4().hex[:8]}"
    for name in ("work", "outbox", "events", "again"):
        ok(call("PUT", f"{root}/topics/{name}", body={}), name)
        body = {"topic": f"{root.partition('/v1/')[2]}/topics/{name}", "ackDeadlineSeconds": 600}
        ok(call("PUT", f"{root}/subscriptions/{name}", body=body), name)

    def received(topic: str, count: int) -> list[Any]:
        found: list[Any] = []

        def pull() -> bool:
            url = f"{root}/subscriptions/{topic}:pull"
            answer = ok(call("POST", url, body={"maxMessages": 1000, "returnImmediately": True}), "pull")
            pulled = [one["message"]["data"] for one in answer.get("receivedMessages", [])]
            found.extend(msgspec.json.decode(base64.b64decode(data)) for data in pulled)
            return len(found) >= count

        until(pull, what=f"{count} messages")
        return found

    made = PubSubTopics(
        POOL,
        root,
        work=lambda: "work",
        outbox=lambda: "outbox",
        events=lambda: "events",
        again=lambda: "again",
        authorization=lambda: "",
    )
    return Bench(made, received)


@pytest.fixture(params=["fake", "pubsub"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return _fake() if request.param == "fake" else _real(cast(str, request.getfixturevalue("pubsub_emulator")))


def test_each_woken_mailbox_is_a_message(bench: Bench) -> None:
    bench.topics.wake([MailboxId("m1"), MailboxId("m2")])
    assert sorted(one["mailbox"] for one in bench.received("work", 2)) == ["m1", "m2"]


def test_each_accepted_mail_is_a_message(bench: Bench) -> None:
    bench.topics.deliver({MessageId("e1"): NO_TRACE})
    assert bench.received("outbox", 1) == [{"entry": "e1"}]


def test_f49_each_event_that_waits_is_a_message_to_deliver_events_alone(bench: Bench) -> None:
    bench.topics.deliver_again({"message.stored:l1:m1": NO_TRACE})
    assert bench.received("again", 1) == [{"id": "message.stored:l1:m1"}]
    assert bench.received("events", 0) == []


def test_R75_an_event_says_what_happened_when_and_where(bench: Bench) -> None:
    details: dict[str, object] = {"conversation": "c1", "unread": 2, "name": "né"}
    bench.topics.announce([Event("message.stored:m1", "message.stored", LocationId("l1"), AT, details)])
    assert bench.received("events", 1) == [
        {
            "id": "message.stored:m1",
            "type": "message.stored",
            "location": "l1",
            "occurred_at": "2026-11-02T09:00:00Z",
            "data": details,
        }
    ]


def test_many_go_out_at_once(bench: Bench) -> None:
    names = [f"m{n:04}" for n in range(MOST_MESSAGES * 2 + 1)]
    bench.topics.wake([MailboxId(name) for name in names])
    assert sorted(one["mailbox"] for one in bench.received("work", len(names))) == names


def test_nothing_to_publish_is_fine(bench: Bench) -> None:
    bench.topics.wake([])
    bench.topics.deliver({})
    bench.topics.announce([])
    assert bench.received("work", 0) == []


def test_one_request_carries_no_more_than_pubsub_takes() -> None:
    contents = ["x" * 1_000_000] * 20 + ["y"] * 1_200
    made = list(batches(contents))
    assert [one for batch in made for one in batch] == contents
    assert all(len(batch) <= MOST_MESSAGES and sum(map(len, batch)) <= MOST_BYTES for batch in made)
    assert len(made) == 5


def test_a_setting_that_a_function_lacks_hurts_only_where_it_is_needed(pubsub_emulator: str) -> None:
    def lacking() -> str:
        raise LookupError("OUTBOX_TOPIC")

    root = f"http://{pubsub_emulator}/v1/projects/p-{uuid.uuid4().hex[:8]}"
    ok(call("PUT", f"{root}/topics/work", body={}), "work")
    topics = PubSubTopics(
        POOL, root, work=lambda: "work", outbox=lacking, events=lacking, again=lacking, authorization=lambda: ""
    )
    topics.wake([MailboxId("m")])
    topics.announce([])
    with pytest.raises(LookupError):
        topics.deliver({MessageId("e"): NO_TRACE})


def test_a_topic_that_is_not_there_is_a_passing_trouble(pubsub_emulator: str) -> None:
    root = f"http://{pubsub_emulator}/v1/projects/p-{uuid.uuid4().hex[:8]}"
    none = PubSubTopics(
        POOL,
        root,
        work=lambda: "none",
        outbox=lambda: "none",
        events=lambda: "none",
        again=lambda: "none",
        authorization=lambda: "",
    )
    with pytest.raises(Transient):
        none.wake([MailboxId("m")])


def test_F26_an_unreachable_pubsub_is_a_passing_trouble() -> None:
    gone = PubSubTopics(
        POOL,
        "http://127.0.0.1:9/v1/projects/p",
        work=lambda: "work",
        outbox=lambda: "outbox",
        events=lambda: "events",
        again=lambda: "again",
        authorization=lambda: "",
    )
    with pytest.raises(Transient):
        gone.wake([MailboxId("m")])
