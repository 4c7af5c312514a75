"""history.list: pages, kinds of change, and what is too old."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.simulator.running import Json, Running, encoded, mail


def current(users: Any) -> str:
    return str(users.getProfile(userId="me").execute()["historyId"])


def changes(users: Any, since: str, **more: Any) -> list[Json]:
    """All records after `since`, all pages."""
    found: list[Json] = []
    request = users.history().list(userId="me", startHistoryId=since, **more)
    while request is not None:
        answer = request.execute()
        found += answer.get("history", [])
        assert int(answer["historyId"]) >= int(since)
        request = users.history().list_next(request, answer)
    return found


def kinds(records: list[Json]) -> list[str]:
    return [next(k for k in r if k not in {"id", "messages"}) for r in records]


def test_an_empty_history_has_no_history_member_but_the_current_id(gmail: Running) -> None:
    users = gmail.users(gmail.account())
    now = current(users)
    assert users.history().list(userId="me", startHistoryId=now).execute() == {"historyId": now}


def test_history_pages_in_growing_ids_with_gaps(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    there = [gmail.deliver(email)["id"] for _ in range(7)]
    records = changes(users, since, maxResults=3)
    ids = [int(r["id"]) for r in records]
    assert ids == sorted(ids)
    assert ids[-1] - ids[0] > len(ids)
    assert [r["messagesAdded"][0]["message"]["id"] for r in records] == there
    assert records[0]["messagesAdded"][0]["message"]["labelIds"] == ["INBOX", "UNREAD"]


def test_labels_and_deletion_have_records_of_their_own_kind(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    there = gmail.deliver(email)["id"]
    since = current(users)
    gmail.act(f"mailboxes/{email}/labels", {"id": there, "add": ["SPAM"], "remove": ["INBOX"]})
    gmail.act(f"mailboxes/{email}/labels", {"id": there, "add": ["SPAM"], "remove": ["INBOX"]})
    gmail.act(f"mailboxes/{email}/delete", {"id": there})
    records = changes(users, since)
    assert kinds(records) == ["labelsAdded", "labelsRemoved", "messagesDeleted"]
    assert records[0]["labelsAdded"][0]["labelIds"] == ["SPAM"]
    assert records[1]["labelsRemoved"][0]["labelIds"] == ["INBOX"]
    assert "INBOX" not in records[1]["labelsRemoved"][0]["message"]["labelIds"]
    assert kinds(changes(users, since, historyTypes=["labelRemoved"])) == ["labelsRemoved"]


def test_history_can_be_asked_for_one_label(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    gmail.deliver(email, labels="INBOX")
    spam = gmail.deliver(email, labels="SPAM")["id"]
    records = changes(users, since, labelId="SPAM")
    assert [r["messages"][0]["id"] for r in records] == [spam]


def test_pages_may_be_cut_before_they_are_filtered(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    gmail.act("behaviour", {"sparse_history_pages": True})
    for _ in range(3):
        gmail.deliver(email, labels="INBOX")
    spam = gmail.deliver(email, labels="SPAM")["id"]
    first = users.history().list(userId="me", startHistoryId=since, labelId="SPAM", maxResults=2).execute()
    assert "history" not in first
    assert "nextPageToken" in first
    assert [r["messages"][0]["id"] for r in changes(users, since, labelId="SPAM", maxResults=2)] == [spam]


def test_history_may_lag_behind_the_mailbox(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    gmail.act("behaviour", {"history_lag_s": 30})
    gmail.deliver(email)
    assert users.history().list(userId="me", startHistoryId=since).execute() == {"historyId": since}
    gmail.act("clock", {"advance_s": 31})
    assert len(changes(users, since)) == 1


def test_records_can_come_without_labels(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    gmail.act("behaviour", {"labels_in_history": False})
    gmail.deliver(email)
    assert set(changes(users, since)[0]["messagesAdded"][0]["message"]) == {"id", "threadId"}


@pytest.mark.parametrize("start", ["1", "99999999999999"])
def test_a_history_id_that_is_too_old_or_unknown_answers_404(gmail: Running, start: str) -> None:
    users = gmail.users(gmail.account())
    with pytest.raises(HttpError) as refused:
        users.history().list(userId="me", startHistoryId=start).execute()
    assert refused.value.status_code == 404


def test_expired_history_answers_404_until_a_new_baseline_is_taken(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    gmail.deliver(email)
    gmail.act(f"mailboxes/{email}/expire_history", {})
    with pytest.raises(HttpError) as refused:
        changes(users, since)
    assert refused.value.status_code == 404
    baseline = current(users)
    gmail.deliver(email)
    assert kinds(changes(users, baseline)) == ["messagesAdded"]


def test_a_bad_page_token_answers_400(gmail: Running) -> None:
    users = gmail.users(gmail.account())
    with pytest.raises(HttpError) as refused:
        users.history().list(userId="me", startHistoryId=current(users), pageToken="nonsense").execute()
    assert refused.value.status_code == 400


def test_each_save_of_a_draft_is_a_new_message(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    since = current(users)
    raw = encoded(mail(email, "carl@customer.example"))
    first = gmail.act(f"mailboxes/{email}/draft", {"raw": raw})
    second = gmail.act(f"mailboxes/{email}/draft", {"raw": raw, "draft_id": first["draft_id"]})
    assert first["draft_id"] == second["draft_id"]
    assert first["id"] != second["id"]
    assert first["threadId"] == second["threadId"]
    records = changes(users, since)
    assert kinds(records) == ["messagesAdded", "messagesAdded", "messagesDeleted"]
    assert records[0]["messagesAdded"][0]["message"]["labelIds"] == ["DRAFT"]
    assert records[2]["messagesDeleted"][0]["message"]["id"] == first["id"]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("added", ["messagesAdded", "messagesDeleted"]), ("label", ["labelsAdded", "labelsRemoved"])],
)
def test_a_sent_draft_appears_in_either_shape(gmail: Running, shape: str, expected: list[str]) -> None:
    email, other = gmail.account(), gmail.account()
    users = gmail.users(email)
    made = gmail.act(f"mailboxes/{email}/draft", {"raw": encoded(mail(email, other))})
    since = current(users)
    sent = gmail.act(f"mailboxes/{email}/draft", {"draft_id": made["draft_id"], "act": "send", "shape": shape})
    assert kinds(changes(users, since)) == expected
    assert [row["id"] for row in gmail.items(f"mailboxes/{email}/sent")] == [sent["id"]]
    assert (sent["id"] == made["id"]) == (shape == "label")
    assert len(gmail.items(f"mailboxes/{other}/messages")) == 1


def test_a_dropped_draft_is_gone(gmail: Running) -> None:
    email = gmail.account()
    made = gmail.act(f"mailboxes/{email}/draft", {"raw": encoded(mail(email, "carl@customer.example"))})
    gmail.act(f"mailboxes/{email}/draft", {"draft_id": made["draft_id"], "act": "drop"})
    assert gmail.items(f"mailboxes/{email}/messages") == []
    again = gmail.control("POST", f"mailboxes/{email}/draft", {"draft_id": made["draft_id"], "act": "drop"})
    assert again.status == 404
