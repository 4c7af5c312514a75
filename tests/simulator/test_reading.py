"""Google's own Python client, unmodified, reads through the simulator."""

import base64
from email.message import EmailMessage

import pytest
from googleapiclient.errors import HttpError

from tests.simulator.running import Running, decoded, mail


def test_the_profile_tells_address_and_history_id(gmail: Running) -> None:
    email = gmail.account()
    before = int(gmail.users(email).getProfile(userId="me").execute()["historyId"])
    gmail.deliver(email)
    after = gmail.users(email).getProfile(userId="me").execute()
    assert after["emailAddress"] == email
    assert after["messagesTotal"] == 1
    assert int(after["historyId"]) > before


def test_the_four_formats_show_what_they_should(gmail: Running) -> None:
    email = gmail.account()
    message = mail("Carl <carl@customer.example>", email, "Größe", "Hallo <Welt> & mehr")
    there = gmail.deliver(email, message)
    messages = gmail.users(email).messages()
    forms = {
        f: messages.get(userId="me", id=there["id"], format=f).execute() for f in ("minimal", "metadata", "full", "raw")
    }
    assert "payload" not in forms["minimal"]
    assert "raw" not in forms["minimal"]
    assert "body" not in forms["metadata"]["payload"]
    headers = {h["name"]: h["value"] for h in forms["metadata"]["payload"]["headers"]}
    assert headers["Subject"] == "Größe"
    assert decoded(forms["full"]["payload"]["body"]["data"]).decode().strip() == "Hallo <Welt> & mehr"
    assert decoded(forms["raw"]["raw"]) == bytes(message)
    for form in forms.values():
        assert form["snippet"] == "Hallo &lt;Welt&gt; &amp; mehr"
        assert form["labelIds"] == ["INBOX", "UNREAD"]
        assert isinstance(form["internalDate"], str)
        assert isinstance(form["historyId"], str)
        assert form["sizeEstimate"] == len(bytes(message))


def test_metadata_headers_are_chosen_in_any_case(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email)
    asked = (
        gmail.users(email)
        .messages()
        .get(userId="me", id=there["id"], format="metadata", metadataHeaders=["from", "SUBJECT"])
    )
    assert {h["name"] for h in asked.execute()["payload"]["headers"]} == {"From", "Subject"}


def test_an_attachment_has_a_new_id_on_each_read_and_any_of_them_gives_its_bytes(gmail: Running) -> None:
    email = gmail.account()
    message = mail("carl@customer.example", email)
    content = bytes(range(256)) * 50
    message.add_attachment(content, maintype="application", subtype="pdf", filename="Rechnung Größe.pdf")
    there = gmail.deliver(email, message)
    messages = gmail.users(email).messages()
    ids = []
    for _ in range(2):
        payload = messages.get(userId="me", id=there["id"]).execute()["payload"]
        part = payload["parts"][1]
        assert (part["partId"], part["filename"], part["mimeType"]) == ("1", "Rechnung Größe.pdf", "application/pdf")
        assert part["body"]["size"] == len(content)
        assert "data" not in part["body"]
        ids.append(part["body"]["attachmentId"])
    assert ids[0] != ids[1]
    for one in ids:
        got = messages.attachments().get(userId="me", messageId=there["id"], id=one).execute()
        assert decoded(got["data"]) == content
        assert got["size"] == len(content)


def test_an_attachment_id_of_another_message_is_refused(gmail: Running) -> None:
    email = gmail.account()
    message = mail("carl@customer.example", email)
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="x.pdf")
    first, second = gmail.deliver(email, message), gmail.deliver(email, message)
    messages = gmail.users(email).messages()
    part = messages.get(userId="me", id=first["id"]).execute()["payload"]["parts"][1]
    with pytest.raises(HttpError) as refused:
        messages.attachments().get(userId="me", messageId=second["id"], id=part["body"]["attachmentId"]).execute()
    assert refused.value.status_code == 400


def test_part_ids_follow_the_tree_and_a_forwarded_mail_has_parts_of_its_own(gmail: Running) -> None:
    email = gmail.account()
    inner = mail("a@b.example", "c@d.example", "Inner", "inside")
    outer = mail("carl@customer.example", email, "Outer", "outside")
    outer.add_alternative("<p>outside</p>", subtype="html")
    outer.add_attachment(inner)
    there = gmail.deliver(email, outer)
    payload = gmail.users(email).messages().get(userId="me", id=there["id"]).execute()["payload"]
    assert payload["partId"] == ""
    assert payload["mimeType"] == "multipart/mixed"
    assert [p["partId"] for p in payload["parts"]] == ["0", "1"]
    assert [p["partId"] for p in payload["parts"][0]["parts"]] == ["0.0", "0.1"]
    forwarded = payload["parts"][1]
    assert forwarded["mimeType"] == "message/rfc822"
    assert "attachmentId" in forwarded["body"]
    assert {h["name"]: h["value"] for h in forwarded["parts"][0]["headers"]}["Subject"] == "Inner"


def test_text_comes_as_utf8_whatever_its_charset(gmail: Running) -> None:
    email = gmail.account()
    message = EmailMessage()
    message["From"], message["To"] = "a@b.example", email
    message.set_content("Grüße", charset="iso-8859-1")
    there = gmail.deliver(email, message)
    body = gmail.users(email).messages().get(userId="me", id=there["id"]).execute()["payload"]["body"]
    assert decoded(body["data"]).decode().strip() == "Grüße"


def test_a_large_text_comes_behind_an_attachment_id(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("behaviour", {"large_text_bytes": 1000})
    there = gmail.deliver(email, mail("a@b.example", email, text="word " * 1000))
    messages = gmail.users(email).messages()
    body = messages.get(userId="me", id=there["id"]).execute()["payload"]["body"]
    assert "data" not in body
    got = messages.attachments().get(userId="me", messageId=there["id"], id=body["attachmentId"]).execute()
    assert decoded(got["data"]).decode().count("word") == 1000


BROKEN = [
    b"",
    b"\r\n\r\nonly a body",
    b"no header at all",
    b"From: a@b.example\nnot a header\nSubject: lost",
    b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n\r\nnothing",
    b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
    b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe",
    b"Content-Transfer-Encoding: base64\r\n\r\nabc$%&",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 200,
    b"Subject: =?utf-8?b?!!!?= =?nope?q?x?= =?utf-7?q?+2AA-?=\r\nFrom: =?utf-8?q?a=40b=2C?= <c@d.example>\r\n\r\n",
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
    b"From: " + b"(" * 3000 + b"\r\nSubject: " + b"=?utf-8?q?" * 3000 + b"\r\n\r\n",
    b"Subject: caf\xe9\r\nX-Nul: a\x00b\r\n\r\nx\x00y",
    b"Content-Type: application/pdf; name*0*=utf-8''%ff; name*1=b\r\nContent-Disposition: attachment; filename*=x\r\n",
]


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_mail_is_delivered_and_shown_in_every_format(gmail: Running, raw: bytes) -> None:
    email = gmail.account()
    there = gmail.deliver(email, raw)
    messages = gmail.users(email).messages()
    for form in ("metadata", "full"):
        assert messages.get(userId="me", id=there["id"], format=form).execute()["payload"]["mimeType"]
    shown = messages.get(userId="me", id=there["id"], format="raw").execute()
    assert base64.urlsafe_b64decode(shown["raw"]) == raw


def test_a_decoded_name_cannot_become_a_second_address(gmail: Running) -> None:
    email = gmail.account()
    there = gmail.deliver(email, b"From: =?utf-8?q?x=40y=2Eexample=2C?= <real@c.example>\r\n\r\n")
    payload = gmail.users(email).messages().get(userId="me", id=there["id"]).execute()["payload"]
    assert payload["headers"][0]["value"] == '"x@y.example," <real@c.example>'


def test_headers_can_be_left_encoded(gmail: Running) -> None:
    email = gmail.account()
    gmail.act("behaviour", {"decoded_headers": False})
    there = gmail.deliver(email, b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\n")
    payload = gmail.users(email).messages().get(userId="me", id=there["id"]).execute()["payload"]
    assert payload["headers"][0]["value"] == "=?utf-8?q?caf=C3=A9?="
