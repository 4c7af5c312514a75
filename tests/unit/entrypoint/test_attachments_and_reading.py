"""Downloads of what strangers sent, and conversations that become read."""

from typing import Any

import pytest

from shared.domain import keys
from shared.domain.identifiers import AttachmentId, ContactId, MessageId
from shared.domain.message import Attachment, Conversation, Message
from shared.entrypoint.downloads import HARMLESS, disposition, download
from shared.ports.store import Put, Query
from tests.unit.entrypoint.reader import CARL, DORA, Reader
from tests.unit.entrypoint.requests import error
from tests.unit.inbound import HERE, letter


@pytest.fixture
def reader() -> Reader:
    return Reader()


def kept_file(reader: Reader, filename: str = "a.pdf", content_type: str = "application/pdf", **more: Any) -> Message:
    file = Attachment(AttachmentId("part-1"), filename, content_type, 6, **{"blob": "b/file", **more})
    reader.world.blobs.write("b/file", [b"abc", b"def"])
    message = Message(MessageId("m"), ContactId("carl"), attachments=(file,))
    reader.keep(message)
    return message


def test_T21_an_attachment_is_a_download_that_nothing_runs(reader: Reader) -> None:
    kept_file(reader)
    answer = reader.ask("/messages/m/attachments/part-1")
    assert (answer.status_code, answer.get_data(), answer.mimetype) == (200, b"abcdef", "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def test_an_empty_attachment_is_an_empty_file(reader: Reader) -> None:
    kept_file(reader)
    reader.world.blobs.write("b/file", [])
    answer = reader.ask("/messages/m/attachments/part-1")
    assert (answer.status_code, answer.get_data()) == (200, b"")


@pytest.mark.parametrize("lack", [{"state": "pending"}, {"state": "failed"}, {"blob": ""}, {"blob": "b/gone"}])
def test_an_attachment_whose_bytes_are_not_there_is_404(reader: Reader, lack: dict[str, str]) -> None:
    kept_file(reader, **lack)
    answer = reader.ask("/messages/m/attachments/part-1")
    assert (answer.status_code, error(answer)["code"]) == (404, "not_found")
    assert reader.ask("/messages/m/attachments/part-2").status_code == 404


def conversation(reader: Reader, name: str) -> Conversation | None:
    key = keys.conversation(HERE, ContactId(name))
    return reader.world.store.read(key).value(key)


def test_R17_reading_a_conversation_leaves_nothing_unread_in_it(reader: Reader) -> None:
    reader.arrives(*(letter(CARL, subject=str(n)) for n in range(3)), letter(DORA))
    answer = reader.ask("/conversations/carl/read", method="POST")
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert [(one["id"], one["unread"]) for one in reader.items("/conversations")] == [("dora", 1), ("carl", 0)]
    assert all(one["read"] for one in reader.items("/conversations/carl/messages"))
    assert not any(one["read"] for one in reader.items("/conversations/dora/messages"))
    assert reader.ask("/conversations/carl/read", method="POST").status_code == 204


def test_a_long_conversation_is_read_page_by_page(reader: Reader) -> None:
    at = reader.world.clock.now()
    reader.keep(*(Message(MessageId(f"m{n}"), ContactId("carl"), at=at, read=False) for n in range(450)))
    key = keys.conversation(HERE, ContactId("carl"))
    reader.world.store.commit([Put(key, Conversation(ContactId("carl"), unread=450))])
    assert reader.ask("/conversations/carl/read", method="POST").status_code == 204
    seen = conversation(reader, "carl")
    assert seen
    assert seen.unread == 0
    assert all(one.value.read for one in reader.world.store.find(Query(keys.messages(HERE), limit=500)))


def test_mail_that_comes_while_a_conversation_is_read_is_not_lost_from_the_count(reader: Reader) -> None:
    reader.arrives(letter(CARL, subject="first"))
    store, late = reader.world.store, [letter(CARL, subject="late")]

    def meanwhile(_: object) -> None:
        if late:
            reader.arrives(late.pop())

    store.before_commit = meanwhile
    assert reader.ask("/conversations/carl/read", method="POST").status_code == 204
    found = conversation(reader, "carl")
    assert found
    unread = [one for one in reader.world.messages() if not one.read]
    assert (found.unread, found.message_count) == (len(unread), 2)


def test_a_contact_without_mail_has_nothing_unread_and_a_stranger_is_404(reader: Reader) -> None:
    assert reader.ask("/conversations/carl/read", method="POST").status_code == 204
    assert reader.ask("/conversations/nobody/read", method="POST").status_code == 404


@pytest.mark.parametrize(
    ("filename", "plain", "extended"),
    [
        ("a b.pdf", "a b.pdf", "a%20b.pdf"),
        ("Grüße.pdf", "Gr__e.pdf", "Gr%C3%BC%C3%9Fe.pdf"),
        ('a"b;c.pdf', "a_b;c.pdf", "a%22b%3Bc.pdf"),
        ("100%.txt", "100_.txt", "100%25.txt"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("C:\\Windows\\x.exe", "x.exe", "x.exe"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x", "aSet-Cookie%3A%20x"),
        ("a\x00b\x7f.txt", "ab.txt", "ab.txt"),
        ("gpj.\u202eexe", "gpj.exe", "gpj.exe"),
        ("", "attachment", "attachment"),
        ("...", "attachment", "attachment"),
        (".htaccess. ", "htaccess", "htaccess"),
        ("folder/", "attachment", "attachment"),
        ("x" * 300, "x" * 200, "x" * 200),
        ("\ud800.txt", "txt", "txt"),
    ],
)
def test_T21_a_files_name_can_do_no_harm(filename: str, plain: str, extended: str) -> None:
    assert disposition(filename) == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("image/PNG", "image/png"),
        ("text/plain; charset=utf-16", "text/plain"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
        ("application/javascript", "application/octet-stream"),
        ("image/png\r\nX: y", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_T21_only_harmless_types_are_named(given: str, told: str) -> None:
    file = Attachment(AttachmentId("a"), "a", given, 1)
    assert download(file, []).headers["Content-Type"] == told
    assert not [one for one in HARMLESS if "html" in one or "xml" in one.replace("openxml", "") or "script" in one]
