"""Uploads of mails: plain, multipart and resumable, with interruption, resumption and the question how far it got."""

import io
import socket
from email import message_from_bytes
from urllib.parse import urlsplit

import pytest
import urllib3
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseUpload

from tests.simulator.running import Reply, Running, ask, decoded, encoded, mail, until

PIECE = 256 * 1024
LIMIT = 36_700_160


def big_mail(sender: str, size: int) -> bytes:
    """A mail of exactly `size` bytes."""
    head = f"From: {sender}\r\nTo: carl@customer.example\r\nSubject: Big\r\n\r\n".encode()
    return head + b"x" * (size - len(head))


def bodies(gmail: Running, email: str) -> list[bytes]:
    """The bodies of the mails in Sent."""
    rows = gmail.items(f"mailboxes/{email}/sent")
    return [bytes(message_from_bytes(decoded(row["raw"])).get_payload(decode=True)) for row in rows]


def open_session(gmail: Running, header: dict[str, str], size: int | None, prefix: str = "/upload", **body: str) -> str:
    """Begins a resumable upload; its session URI."""
    headers = {**header, "X-Upload-Content-Type": "message/rfc822", "Content-Type": "application/json"}
    if size is not None:
        headers["X-Upload-Content-Length"] = str(size)
    url = f"{gmail.url}{prefix}/gmail/v1/users/me/messages/send"
    opened = ask("POST", url, body=body, headers=headers, uploadType="resumable")
    assert opened.status == 200, opened.body
    return str(opened.headers["Location"])


def put(session: str, content: bytes, span: str, header: dict[str, str] | None = None) -> Reply:
    return ask("PUT", session, body=content, headers={**(header or {}), "Content-Range": span})


def question(session: str, total: int | str = "*") -> Reply:
    return put(session, b"", f"bytes */{total}")


@pytest.mark.parametrize("resumable", [False, True])
def test_the_library_uploads_with_a_thread(gmail: Running, resumable: bool) -> None:
    email = gmail.account()
    there = gmail.deliver(email, mail("carl@customer.example", email, "Offer", Message_ID="<q@customer.example>"))
    reply = bytes(mail(email, "carl@customer.example", "Re: Offer", In_Reply_To="<q@customer.example>"))
    media = MediaInMemoryUpload(reply, mimetype="message/rfc822", resumable=resumable)
    body = {"threadId": there["threadId"]}
    sent = gmail.users(email).messages().send(userId="me", body=body, media_body=media).execute()
    assert sent["threadId"] == there["threadId"]
    assert bodies(gmail, email) == [b"Hi there\n"]


def test_the_library_uploads_without_json(gmail: Running) -> None:
    email = gmail.account()
    media = MediaInMemoryUpload(big_mail(email, 5000), mimetype="message/rfc822")
    gmail.users(email).messages().send(userId="me", media_body=media).execute()
    assert len(bodies(gmail, email)) == 1


def test_the_library_uploads_in_pieces_and_each_call_is_counted_once(gmail: Running) -> None:
    email = gmail.account()
    whole = big_mail(email, 3 * PIECE + 17)
    media = MediaIoBaseUpload(io.BytesIO(whole), mimetype="message/rfc822", chunksize=PIECE, resumable=True)
    gmail.users(email).messages().send(userId="me", body={}, media_body=media).execute()
    assert bodies(gmail, email) == [whole.partition(b"\r\n\r\n")[2]]
    usage = gmail.control("GET", "usage", email=email).json()
    assert usage["gmail.users.messages.send"]["calls"] == 1
    assert usage["gmail.users.messages.send"]["units"] == 100
    assert usage["upload.chunk"]["calls"] == 3


@pytest.mark.parametrize("prefix", ["/upload", "/resumable/upload"])
def test_a_session_tells_how_far_it_got_and_answers_again_once_finished(gmail: Running, prefix: str) -> None:
    email = gmail.account()
    header = gmail.bearer(email)
    whole = big_mail(email, 2 * PIECE + 5)
    session = open_session(gmail, header, len(whole), prefix)
    nothing = question(session, len(whole))
    assert nothing.status == 308
    assert "Range" not in nothing.headers
    first = put(session, whole[:PIECE], f"bytes 0-{PIECE - 1}/{len(whole)}")
    assert (first.status, first.headers["Range"]) == (308, f"bytes=0-{PIECE - 1}")
    assert question(session, len(whole)).headers["Range"] == f"bytes=0-{PIECE - 1}"
    last = put(session, whole[PIECE:], f"bytes {PIECE}-{len(whole) - 1}/{len(whole)}", header)
    assert last.status == 200
    assert question(session, len(whole)).json() == last.json()
    assert put(session, whole, f"bytes 0-{len(whole) - 1}/{len(whole)}").json() == last.json()
    assert bodies(gmail, email) == [whole.partition(b"\r\n\r\n")[2]]


def test_a_finished_session_may_be_forgotten(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("behaviour", {"session_answers_after_completion": False})
    whole = big_mail(email, 1000)
    session = open_session(gmail, gmail.bearer(email), None)
    assert ask("PUT", session, body=whole).status == 200
    assert question(session).status == 404


def test_a_piece_that_is_no_multiple_is_kept_only_in_part(gmail: Running) -> None:
    email = gmail.account()
    whole = big_mail(email, 2 * PIECE)
    session = open_session(gmail, gmail.bearer(email), len(whole))
    half = put(session, whole[: PIECE + 100], f"bytes 0-{PIECE + 99}/{len(whole)}")
    assert half.headers["Range"] == f"bytes=0-{PIECE - 1}"


def test_a_gap_is_refused_and_what_is_there_already_is_passed_over(gmail: Running) -> None:
    email = gmail.account()
    whole = big_mail(email, 2 * PIECE)
    session = open_session(gmail, gmail.bearer(email), len(whole))
    assert put(session, whole[10:], f"bytes 10-{len(whole) - 1}/{len(whole)}").status == 400
    put(session, whole[:PIECE], f"bytes 0-{PIECE - 1}/{len(whole)}")
    assert put(session, whole, f"bytes 0-{len(whole) - 1}/{len(whole)}").status == 200
    assert bodies(gmail, email) == [whole.partition(b"\r\n\r\n")[2]]


def test_an_interrupted_put_keeps_what_arrived_and_is_resumed(gmail: Running) -> None:
    email = gmail.account()
    whole = big_mail(email, 4 * PIECE)
    session = open_session(gmail, gmail.bearer(email), len(whole))
    place = urlsplit(session)
    with socket.create_connection((place.hostname, place.port)) as half:
        head = f"PUT {place.path}?{place.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(whole)}\r\n\r\n"
        half.sendall(head.encode() + whole[: 2 * PIECE + 100])
        until(lambda: question(session, len(whole)).headers.get("Range") == f"bytes=0-{2 * PIECE + 99}")
    got = until(lambda: (r := question(session, len(whole)).headers.get("Range")) == f"bytes=0-{2 * PIECE - 1}" and r)
    start = int(got.rpartition("-")[2]) + 1
    rest = put(session, whole[start:], f"bytes {start}-{len(whole) - 1}/{len(whole)}")
    assert rest.status == 200
    assert bodies(gmail, email) == [whole.partition(b"\r\n\r\n")[2]]


def test_a_lost_answer_is_found_again_by_asking_the_session(gmail: Running) -> None:
    email = gmail.account()
    whole = big_mail(email, 1000)
    session = open_session(gmail, gmail.bearer(email), len(whole))
    gmail.act("faults", [{"method": "gmail.users.messages.send", "email": email, "times": 1, "drop": "after"}])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        put(session, whole, f"bytes 0-{len(whole) - 1}/{len(whole)}")
    there = gmail.items(f"mailboxes/{email}/sent")
    assert question(session, len(whole)).json()["id"] == there[0]["id"]
    assert len(there) == 1


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 503}])
def test_a_send_that_failed_before_its_effect_shows_as_incomplete(gmail: Running, fault: dict[str, object]) -> None:
    email = gmail.account()
    whole = big_mail(email, PIECE + 1000)
    session = open_session(gmail, gmail.bearer(email), len(whole))
    gmail.act("faults", [{"method": "gmail.users.messages.send", "email": email, "times": 1, **fault}])
    span = f"bytes 0-{len(whole) - 1}/{len(whole)}"
    if "drop" in fault:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            put(session, whole, span)
    else:
        assert put(session, whole, span).status == 503
    asked = question(session, len(whole))
    assert (asked.status, asked.headers["Range"]) == (308, f"bytes=0-{PIECE - 1}")
    assert bodies(gmail, email) == []
    assert put(session, whole[PIECE:], f"bytes {PIECE}-{len(whole) - 1}/{len(whole)}").status == 200
    assert len(bodies(gmail, email)) == 1


def test_a_session_can_fail_to_open(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("faults", [{"method": "upload.start", "times": 1, "status": 429, "retry_after": 60}])
    media = MediaInMemoryUpload(big_mail(email, 900), mimetype="message/rfc822", resumable=True)
    with pytest.raises(HttpError) as refused:
        gmail.users(email).messages().send(userId="me", body={}, media_body=media).execute()
    assert refused.value.status_code == 429


def test_an_unknown_session_is_not_found(gmail: Running) -> None:
    url = f"{gmail.url}/upload/gmail/v1/users/me/messages/send?uploadType=resumable&upload_id=nope"
    assert put(url, b"x", "bytes 0-0/1").status == 404


def test_a_mail_of_exactly_the_limit_goes_and_one_byte_more_is_413(gmail: Running) -> None:
    email = gmail.account()
    header = {**gmail.bearer(email), "Content-Type": "message/rfc822"}
    url = f"{gmail.url}/upload/gmail/v1/users/me/messages/send"
    most = big_mail(email, LIMIT)
    assert ask("POST", url, body=most, headers=header, uploadType="media").status == 200
    more = ask("POST", url, body=most + b"x", headers=header, uploadType="media")
    assert (more.status, more.body) == (413, b"Request Entity Too Large")
    opened = ask("POST", url, headers={**header, "X-Upload-Content-Length": str(LIMIT + 1)}, uploadType="resumable")
    assert opened.status == 413
    session = open_session(gmail, header, None)
    assert ask("PUT", session, body=most + b"x", headers=header).status == 413
    assert len(gmail.items(f"mailboxes/{email}/sent")) == 1


def test_a_session_takes_no_bad_token(gmail: Running) -> None:
    session = open_session(gmail, gmail.bearer(gmail.account()), 10)
    assert put(session, b"x", "bytes 0-0/10", {"Authorization": "Bearer nonsense"}).status == 401


def test_an_upload_of_something_else_is_refused(gmail: Running) -> None:
    header = {**gmail.bearer(gmail.account()), "Content-Type": "image/png"}
    url = f"{gmail.url}/upload/gmail/v1/users/me/messages/send"
    assert ask("POST", url, body=b"x", headers=header, uploadType="media").status == 400


def test_a_method_that_takes_no_upload_has_no_upload_url(gmail: Running) -> None:
    header = gmail.bearer(gmail.account())
    assert ask("POST", f"{gmail.url}/upload/gmail/v1/users/me/watch", body=b"x", headers=header).status == 404


def test_an_inserted_mail_keeps_its_message_id(gmail: Running) -> None:
    email = gmail.account()
    users = gmail.users(email, scope="openid https://mail.google.com/")
    raw = encoded(mail("a@b.example", email, Message_ID="<kept@b.example>"))
    made = users.messages().insert(userId="me", body={"raw": raw, "labelIds": ["INBOX"]}).execute()
    shown = (
        users.messages().get(userId="me", id=made["id"], format="metadata", metadataHeaders=["Message-ID"]).execute()
    )
    assert shown["payload"]["headers"][0]["value"] == "<kept@b.example>"
