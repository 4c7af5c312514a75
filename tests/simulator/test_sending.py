"""messages.send: what Gmail does to a mail, where it goes, and what is refused."""

import re
from email import message_from_bytes
from email.message import EmailMessage, Message
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.simulator.running import Json, Running, decoded, encoded, mail


def sent_mail(gmail: Running, email: str, at: int = -1) -> Message:
    """One of the account's sent mails, as it lies in Sent."""
    return message_from_bytes(decoded(gmail.items(f"mailboxes/{email}/sent")[at]["raw"]))


def arrived(gmail: Running, email: str) -> Message:
    """The newest mail of an account that received one."""
    return message_from_bytes(decoded(gmail.items(f"mailboxes/{email}/messages")[-1]["raw"]))


def send(users: Any, message: EmailMessage, **body: str) -> Json:
    return dict(users.messages().send(userId="me", body={"raw": encoded(message), **body}).execute())


def test_the_answer_has_id_thread_and_labels_only(gmail: Running) -> None:
    email = gmail.account()
    answer = send(gmail.users(email), mail(email, "carl@customer.example"))
    assert set(answer) == {"id", "threadId", "labelIds"}
    assert answer["labelIds"] == ["SENT"]


def test_unpadded_raw_is_taken(gmail: Running) -> None:
    email = gmail.account()
    raw = encoded(mail(email, "carl@customer.example")).rstrip("=")
    gmail.users(email).messages().send(userId="me", body={"raw": raw}).execute()
    assert len(gmail.items(f"mailboxes/{email}/sent")) == 1


def test_the_message_id_is_rewritten_and_own_headers_are_kept(gmail: Running) -> None:
    email = gmail.account()
    made = mail(email, "carl@customer.example", Message_ID="<ours@crm.example>", X_Marker="m1")
    send(gmail.users(email), made)
    kept = sent_mail(gmail, email)
    assert re.fullmatch(r"<CA[^@]+@mail\.gmail\.com>", kept["Message-ID"])
    assert kept.get_all("Message-ID") == [kept["Message-ID"]]
    assert "ours@crm.example" not in kept.as_string()
    assert kept["X-Marker"] == "m1"
    assert kept["Date"]


def test_own_headers_can_be_dropped(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("behaviour", {"keep_x_headers": False})
    send(gmail.users(email), mail(email, "carl@customer.example", X_Marker="m1"))
    assert sent_mail(gmail, email)["X-Marker"] is None


@pytest.mark.parametrize("in_sent", [True, False])
def test_bcc_reaches_its_people_and_shows_in_sent_alone(gmail: Running, in_sent: bool) -> None:
    email, to, hidden = gmail.account(), gmail.account(), gmail.account()
    gmail.act("behaviour", {"bcc_in_sent": in_sent})
    send(gmail.users(email), mail(email, to, Bcc=hidden))
    assert sent_mail(gmail, email)["Bcc"] == (hidden if in_sent else None)
    for one in (to, hidden):
        got = arrived(gmail, one)
        assert got["Bcc"] is None
        assert got["To"] == to
        assert got["Delivered-To"] == one
        assert "dmarc=pass" in got["Authentication-Results"]
        assert gmail.items(f"mailboxes/{one}/messages")[0]["labelIds"] == ["INBOX", "UNREAD"]


def test_a_mail_to_oneself_is_one_message_with_both_labels(gmail: Running) -> None:
    email = gmail.account()
    answer = send(gmail.users(email), mail(email, email))
    assert answer["labelIds"] == ["SENT", "INBOX", "UNREAD"]
    assert len(gmail.items(f"mailboxes/{email}/messages")) == 1


def test_gmail_addresses_arrive_whatever_their_dots_and_plus(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("mailboxes", {"email": "jane.doe@gmail.com"})
    send(gmail.users(email), mail(email, "janedoe+crm@googlemail.com"))
    assert len(gmail.items("mailboxes/jane.doe@gmail.com/messages")) == 1


def test_a_from_that_is_no_alias_is_replaced_and_its_name_kept(gmail: Running) -> None:
    aliases = [{"address": "sales@agency.example"}, {"address": "new@agency.example", "verified": False}]
    email = gmail.account(name="Uma", aliases=aliases)
    users = gmail.users(email)
    for given, kept in [
        ("Sales <sales@agency.example>", "Sales <sales@agency.example>"),
        ("New <new@agency.example>", f"New <{email}>"),
        ('"B, B" <boss@else.example>', f'"B, B" <{email}>'),
        ("Boss <boss@else.example>", f"Boss <{email}>"),
    ]:
        send(users, mail(given, "carl@customer.example"))
        assert sent_mail(gmail, email)["From"] == kept


def test_a_reply_joins_its_thread_with_headers_subject_and_thread_id(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    there = gmail.deliver(email, mail("carl@customer.example", email, "Offer", Message_ID="<q@customer.example>"))
    thread = there["threadId"]
    reply = mail(email, "carl@customer.example", "Re: Offer", In_Reply_To="<q@customer.example>")
    assert send(users, reply, threadId=thread)["threadId"] == thread
    other_subject = mail(email, "carl@customer.example", "Else", In_Reply_To="<q@customer.example>")
    assert send(users, other_subject, threadId=thread)["threadId"] != thread
    no_headers = mail(email, "carl@customer.example", "Re: Offer")
    assert send(users, no_headers, threadId=thread)["threadId"] != thread


def test_a_foreign_thread_is_not_found(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    there = gmail.deliver(other)
    with pytest.raises(HttpError) as refused:
        send(gmail.users(email), mail(email, "carl@customer.example"), threadId=there["threadId"])
    assert refused.value.status_code == 404
    assert gmail.items(f"mailboxes/{email}/sent") == []


def test_the_answer_to_a_sent_mail_arrives_in_its_thread(gmail: Running) -> None:
    email = gmail.account()
    answer = send(gmail.users(email), mail(email, "carl@customer.example", "Offer"))
    message_id = sent_mail(gmail, email)["Message-ID"]
    there = gmail.deliver(email, mail("carl@customer.example", email, "RE: offer", References=message_id))
    assert there["threadId"] == answer["threadId"]


def test_the_same_subject_alone_is_no_thread(gmail: Running) -> None:
    email = gmail.account()
    first, second = gmail.deliver(email), gmail.deliver(email)
    assert first["threadId"] != second["threadId"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"Subject: nobody\r\n\r\nx", "Recipient address required"),
        (b"To: not an address\r\n\r\nx", "Invalid To header"),
        (b"To: a@b.example\r\nCc: <broken\r\n\r\nx", "Invalid Cc header"),
        (b"", "RFC822 payload"),
    ],
)
def test_mail_that_cannot_go_is_refused(gmail: Running, message: bytes, words: str) -> None:
    email = gmail.account()
    with pytest.raises(HttpError) as refused:
        gmail.users(email).messages().send(userId="me", body={"raw": encoded(message)}).execute()
    assert refused.value.status_code == 400
    assert words in refused.value.reason


def test_sending_from_gmail_itself_keeps_or_gives_a_message_id(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    path = f"mailboxes/{email}/send"
    first = gmail.act(path, bytes(mail(email, other, "Hi", Message_ID="<own@x.example>", Bcc="b@c.example")))
    assert sent_mail(gmail, email)["Message-ID"] == "<own@x.example>"
    assert arrived(gmail, other)["Bcc"] is None
    second = gmail.act(path, bytes(mail(email, other, "Re: Hi")), threadId=first["threadId"])
    assert second["threadId"] == first["threadId"]
    assert sent_mail(gmail, email)["Message-ID"].startswith("<CA")
    assert gmail.control("POST", path, b"To: a@b.example\r\n\r\n", threadId="0" * 16).status == 404


def test_the_daily_limit_refuses_with_the_time_the_next_send_is_possible(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email)
    gmail.act("quota", {"sends_per_day": 2})
    message = mail(email, "carl@customer.example")
    send(users, message)
    gmail.act(f"mailboxes/{email}/send", bytes(message))
    with pytest.raises(HttpError) as refused:
        send(users, message)
    assert refused.value.status_code == 429
    assert re.search(r"exceeded \(Mail sending\)\.  Retry after 20\S+Z", refused.value.reason)
    assert refused.value.resp.get("retry-after") is None
    gmail.act("clock", {"advance_s": 86_401})
    send(gmail.users(email), message)
    assert len(gmail.items(f"mailboxes/{email}/sent")) == 3


def test_beyond_the_limit_a_send_may_be_taken_and_bounce(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    users = gmail.users(email)
    gmail.act("quota", {"sends_per_day": 1})
    gmail.act("behaviour", {"late_bounces": 1})
    send(users, mail(email, other))
    send(users, mail(email, other, "Second"))
    bounce = arrived(gmail, email)
    assert bounce["From"] == "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
    assert bounce.get_content_type() == "multipart/report"
    assert bounce["In-Reply-To"] == sent_mail(gmail, email)["Message-ID"]
    assert len(gmail.items(f"mailboxes/{other}/messages")) == 1
    with pytest.raises(HttpError):
        send(users, mail(email, other, "Third"))


def test_mail_to_a_domain_that_exists_nowhere_comes_back_into_its_thread(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    sent = send(gmail.users(email), mail(email, f"{other}, a@gone.invalid", Bcc="b@gone.invalid"))
    bounce = arrived(gmail, email)
    assert bounce["In-Reply-To"] == sent_mail(gmail, email)["Message-ID"]
    assert gmail.items(f"mailboxes/{email}/messages")[-1]["threadId"] == sent["threadId"]
    status = next(part for part in bounce.walk() if part.get_content_type() == "message/delivery-status")
    named = [block["Final-Recipient"] for block in status.get_payload()[1:]]  # type: ignore[index]
    assert named == ["rfc822; a@gone.invalid", "rfc822; b@gone.invalid"]
    assert len(gmail.items(f"mailboxes/{other}/messages")) == 1


def test_drafts_over_the_api_are_made_changed_sent_and_dropped(gmail: Running) -> None:
    email, other = gmail.account(), gmail.account()
    users = gmail.users(email, scope="openid https://mail.google.com/")
    body = {"message": {"raw": encoded(mail(email, other))}}
    made = users.drafts().create(userId="me", body=body).execute()
    again = users.drafts().update(userId="me", id=made["id"], body=body).execute()
    assert again["id"] == made["id"]
    assert again["message"]["id"] != made["message"]["id"]
    assert [d["id"] for d in users.drafts().list(userId="me").execute()["drafts"]] == [made["id"]]
    assert users.drafts().get(userId="me", id=made["id"]).execute()["message"]["labelIds"] == ["DRAFT"]
    sent = users.drafts().send(userId="me", body={"id": made["id"]}).execute()
    assert sent["labelIds"] == ["SENT"]
    assert len(gmail.items(f"mailboxes/{other}/messages")) == 1
    dropped = users.drafts().create(userId="me", body=body).execute()
    users.drafts().delete(userId="me", id=dropped["id"]).execute()
    assert "drafts" not in users.drafts().list(userId="me").execute()
