"""Watches, and the notifications they cause."""

import base64
import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.simulator.publishing import PubSub
from tests.simulator.running import Running, ask, mail, start, until

TOPIC = "projects/sandbox/topics/gmail"


def current(users: Any) -> str:
    return str(users.getProfile(userId="me").execute()["historyId"])


def test_watch_notifies_at_once_and_tells_when_it_ends(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    answer = users.watch(userId="me", body={"topicName": TOPIC}).execute()
    assert answer["historyId"] == current(users)
    ahead_ms = int(answer["expiration"]) - gmail.simulator.clock.now_ms()
    assert 0 <= 7 * 86_400_000 - ahead_ms < 10_000
    told = gmail.items("notifications", email=email)
    assert [(t["emailAddress"], t["historyId"], t["topic"]) for t in told] == [(email, int(answer["historyId"]), TOPIC)]


def test_a_change_notifies_once_a_second_and_the_excess_is_dropped(gmail: Running) -> None:
    email = gmail.account()
    gmail.users(email).watch(userId="me", body={"topicName": TOPIC}).execute()
    ids = [gmail.deliver(email)["historyId"] for _ in range(4)]
    told = [str(t["historyId"]) for t in gmail.items("notifications", email=email)][1:]
    assert told == [ids[0]]


def test_the_excess_can_come_late_instead(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("behaviour", {"excess_notifications": "delay", "history_id_as_text": True})
    gmail.users(email).watch(userId="me", body={"topicName": TOPIC}).execute()
    ids = [gmail.deliver(email)["historyId"] for _ in range(4)]

    def told() -> list[str]:
        return [t["historyId"] for t in gmail.items("notifications", email=email)][1:]

    until(lambda: len(told()) == 2)
    assert told() == [ids[0], ids[-1]]


def test_a_watch_on_labels_keeps_quiet_about_others(gmail: Running) -> None:
    email = gmail.account()
    body = {"topicName": TOPIC, "labelIds": ["SENT"], "labelFilterBehavior": "INCLUDE"}
    gmail.users(email).watch(userId="me", body=body).execute()
    gmail.deliver(email)
    assert len(gmail.items("notifications", email=email)) == 1
    gmail.act(f"mailboxes/{email}/send", bytes(mail(email, "carl@customer.example")))
    assert len(gmail.items("notifications", email=email)) == 2


def test_another_topic_is_refused_until_stop_or_expiry(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    users.watch(userId="me", body={"topicName": TOPIC}).execute()
    with pytest.raises(HttpError) as refused:
        users.watch(userId="me", body={"topicName": f"{TOPIC}-2"}).execute()
    assert refused.value.status_code == 400
    assert "Only one user push notification client allowed" in refused.value.reason
    assert not users.stop(userId="me").execute()
    users.watch(userId="me", body={"topicName": f"{TOPIC}-2"}).execute()
    gmail.act("clock", {"advance_s": 7 * 86_400 + 1})
    gmail.deliver(email)
    assert len(gmail.items("notifications", email=email)) == 2


def test_stop_ends_notifications_and_answers_204(gmail: Running) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    gmail.users(email).watch(userId="me", body={"topicName": TOPIC}).execute()
    stopped = ask("POST", f"{gmail.url}/gmail/v1/users/me/stop", headers=header)
    assert (stopped.status, stopped.body) == (204, b"")
    gmail.deliver(email)
    assert len(gmail.items("notifications", email=email)) == 1


def test_a_topic_that_is_no_topic_is_refused(gmail: Running) -> None:
    users = gmail.users(gmail.account())
    with pytest.raises(HttpError) as refused:
        users.watch(userId="me", body={"topicName": "gmail"}).execute()
    assert "Invalid topicName does not match" in refused.value.reason


def test_notifications_are_published_to_pubsub_and_a_missing_topic_fails_the_watch() -> None:

    with PubSub(topics={TOPIC}) as pubsub:
        running, end = start(pubsub_url=pubsub.url)
        try:
            email = running.account()
            users = running.users(email)
            with pytest.raises(HttpError) as refused:
                users.watch(userId="me", body={"topicName": f"{TOPIC}-missing"}).execute()
            assert refused.value.status_code == 403
            users.watch(userId="me", body={"topicName": TOPIC}).execute()
            there = running.deliver(email)
            bodies = pubsub.wait_for(2)
        finally:
            running.close_libraries()
            end()
    data = json.loads(base64.b64decode(bodies[1]["messages"][0]["data"]))
    assert data == {"emailAddress": email, "historyId": int(there["historyId"])}
