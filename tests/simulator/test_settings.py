"""Labels, send-as addresses, threads, changes of messages, and batches, through Google's own client."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.simulator.running import Running, ask, mail

EVERYTHING = "openid https://mail.google.com/"


def test_labels_are_listed_and_counted(gmail: Running) -> None:
    email = gmail.account()
    gmail.deliver(email, labels="INBOX,UNREAD,Customers")
    users = gmail.users(email)
    listed = {one["name"]: one for one in users.labels().list(userId="me").execute()["labels"]}
    assert listed["INBOX"] == {"id": "INBOX", "name": "INBOX", "type": "system"}
    assert listed["Customers"]["type"] == "user"
    counted = users.labels().get(userId="me", id=listed["Customers"]["id"]).execute()
    assert (counted["messagesTotal"], counted["messagesUnread"], counted["threadsTotal"]) == (1, 1, 1)


def test_labels_are_made_renamed_and_deleted(gmail: Running) -> None:
    email = gmail.account()
    labels = gmail.users(email, scope=EVERYTHING).labels()
    made = labels.create(userId="me", body={"name": "Deals"}).execute()
    with pytest.raises(HttpError) as taken:
        labels.create(userId="me", body={"name": "deals"}).execute()
    assert taken.value.status_code == 409
    assert labels.patch(userId="me", id=made["id"], body={"name": "Won"}).execute()["name"] == "Won"
    there = gmail.deliver(email, labels="Won")
    labels.delete(userId="me", id=made["id"]).execute()
    assert gmail.items(f"mailboxes/{email}/messages")[0]["labelIds"] == []
    assert there["id"]


def test_send_as_lists_the_primary_first_and_tells_what_is_verified(gmail: Running) -> None:
    aliases = [{"address": "a@x.example", "name": "A"}, {"address": "b@x.example", "verified": False}]
    email = gmail.account(name="Uma", aliases=aliases)
    send_as = gmail.users(email).settings().sendAs()
    listed = send_as.list(userId="me").execute()["sendAs"]
    assert (listed[0]["sendAsEmail"], listed[0]["displayName"], listed[0]["isPrimary"]) == (email, "Uma", True)
    assert "verificationStatus" not in listed[0]
    assert [one["verificationStatus"] for one in listed[1:]] == ["accepted", "pending"]
    assert send_as.get(userId="me", sendAsEmail="A@x.example").execute() == listed[1]


def test_messages_are_relabelled_trashed_and_deleted(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)["id"]
    messages = gmail.users(email, scope=EVERYTHING).messages()
    body = {"addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    assert messages.modify(userId="me", id=there, body=body).execute()["labelIds"] == ["INBOX", "STARRED"]
    assert messages.trash(userId="me", id=there).execute()["labelIds"] == ["STARRED", "TRASH"]
    assert messages.untrash(userId="me", id=there).execute()["labelIds"] == ["STARRED"]
    messages.batchModify(userId="me", body={"ids": [there, "gone"], "addLabelIds": ["INBOX"]}).execute()
    assert gmail.items(f"mailboxes/{email}/messages")[0]["labelIds"] == ["STARRED", "INBOX"]
    messages.delete(userId="me", id=there).execute()
    assert gmail.items(f"mailboxes/{email}/messages") == []


@pytest.mark.parametrize("label", ["SENT", "DRAFT", "Nope"])
def test_labels_that_cannot_be_applied_are_refused(gmail: Running, label: str) -> None:
    email = gmail.account()
    there = gmail.deliver(email)["id"]
    messages = gmail.users(email, scope=EVERYTHING).messages()
    with pytest.raises(HttpError) as refused:
        messages.modify(userId="me", id=there, body={"addLabelIds": [label]}).execute()
    assert refused.value.status_code == 400


def test_a_thread_shows_all_its_messages_and_is_changed_as_a_whole(gmail: Running) -> None:
    email = gmail.account()
    first = gmail.deliver(email, mail("c@x.example", email, "Plan", Message_ID="<p@x.example>"))
    second = gmail.deliver(email, mail("c@x.example", email, "Re: Plan", References="<p@x.example>"))
    threads = gmail.users(email, scope=EVERYTHING).threads()
    shown = threads.get(userId="me", id=first["threadId"], format="metadata").execute()
    assert [one["id"] for one in shown["messages"]] == [first["id"], second["id"]]
    assert [one["id"] for one in threads.list(userId="me").execute()["threads"]] == [first["threadId"]]
    threads.modify(userId="me", id=first["threadId"], body={"removeLabelIds": ["UNREAD"]}).execute()
    assert all(row["labelIds"] == ["INBOX"] for row in gmail.items(f"mailboxes/{email}/messages"))
    threads.trash(userId="me", id=first["threadId"]).execute()
    bare = threads.untrash(userId="me", id=first["threadId"]).execute()["messages"]
    assert all("labelIds" not in one for one in bare)
    assert "labelIds" not in threads.get(userId="me", id=first["threadId"]).execute()["messages"][0]
    assert all(row["labelIds"] == [] for row in gmail.items(f"mailboxes/{email}/messages"))


def run_batch(gmail: Running, email: str, ids: list[str]) -> dict[str, Any]:
    """Gets all ids in one batch; what each came to, in order."""
    library = gmail.library(gmail.credentials(gmail.tokens(email)))
    came: dict[str, Any] = {}

    def keep(request_id: str, response: Any, error: Any) -> None:
        came[request_id] = error.status_code if error else response["id"]

    batch = library.new_batch_http_request(callback=keep)
    for number, one in enumerate(ids):
        batch.add(library.users().messages().get(userId="me", id=one, format="minimal"), request_id=f"r{number}")
    batch.execute()
    return came


def test_a_batch_answers_each_call_by_itself(gmail: Running) -> None:
    email = gmail.account()
    there = [gmail.deliver(email)["id"] for _ in range(4)]
    came = run_batch(gmail, email, [*there[:2], "gone", *there[2:]])
    assert list(came.values()) == [*there[:2], 404, *there[2:]]
    assert gmail.control("GET", "usage", email=email).json()["gmail.users.messages.get"]["calls"] == 5


def test_a_batch_beyond_the_concurrent_calls_is_refused_in_part(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)["id"]
    came = run_batch(gmail, email, [there] * 13)
    assert list(came.values()) == [there] * 10 + [429] * 3


def test_more_than_a_hundred_calls_refuse_the_whole_batch(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("quota", {"concurrent": None, "units_per_minute": None})
    there = gmail.deliver(email)["id"]
    assert list(run_batch(gmail, email, [there] * 100).values()) == [there] * 100
    with pytest.raises(HttpError) as refused:
        run_batch(gmail, email, [there] * 101)
    assert refused.value.status_code == 400


def test_a_batch_that_is_none_is_refused(gmail: Running) -> None:
    header = {**gmail.bearer(gmail.account()), "Content-Type": "multipart/mixed; boundary=x"}
    assert ask("POST", f"{gmail.url}/batch", body=b"nothing", headers=header).status == 400
    part = b"--x\r\nContent-Type: application/http\r\n\r\nnonsense\r\n--x--"
    answered = ask("POST", f"{gmail.url}/batch/gmail/v1", body=part, headers=header)
    assert answered.status == 200
    assert b"HTTP/1.1 400" in answered.body
