"""What the CRM reads of a location's mail after a sync brought it there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain import bodies, keys
from shared.domain.addresses import Address, Person
from shared.domain.identifiers import AttachmentId, ContactId, GmailId, MailboxId, MessageId, ThreadId, UserId
from shared.domain.message import Attachment, Body, Direction, Failure, Message, Source, Status
from shared.domain.session import Role
from shared.ports.store import Put
from tests.unit.entrypoint.reader import CARL, DORA, THERE, Reader
from tests.unit.entrypoint.requests import content, error
from tests.unit.inbound import HERE, letter

MESSAGE_KEYS = {
    "id", "conversation", "direction", "origin", "status", "failure", "bounces", "from", "to", "cc", "bcc", "subject",
    "date", "text", "html", "attachments", "read", "starred", "automatic", "message_id", "in_reply_to", "gmail",
    "authenticated", "reference", "ambiguous_contacts", "claimed_elsewhere",
}  # fmt: skip


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_conversations_come_with_the_latest_first(reader: Reader) -> None:
    reader.arrives(letter(CARL, subject="One"), letter(DORA, subject="Two"), letter(CARL, subject="Three"))
    last = reader.world.clock.now().isoformat().replace("+00:00", "Z")
    first, second = reader.items("/conversations")
    assert first == {
        "id": "carl",
        "contact": {"id": "carl", "name": None, "email": CARL},
        "subject": "Three",
        "last_message_at": last,
        "message_count": 2,
        "unread": 2,
    }
    assert second["id"] == "dora"


def test_a_location_without_mail_has_an_empty_list(reader: Reader) -> None:
    assert reader.read("/conversations") == {"items": [], "next_cursor": None}


def test_conversations_are_those_that_changed_since(reader: Reader) -> None:
    reader.arrives(letter(CARL))
    reader.world.clock.advance(minutes=5)
    reader.arrives(letter(DORA))
    now = reader.world.clock.now()

    def since(moment: datetime) -> list[str]:
        text = moment.isoformat().replace("+00:00", "Z")
        return [one["id"] for one in reader.items(f"/conversations?changed_since={text}")]

    assert since(now) == ["dora"]
    assert since(now + timedelta(microseconds=1)) == []
    assert since(now - timedelta(minutes=1)) == ["dora"]
    reader.world.clock.advance(minutes=5)
    reader.ask("/conversations/carl/read", method="POST")
    assert since(now) == ["carl", "dora"]
    assert [one["id"] for one in reader.items("/conversations")] == ["dora", "carl"]
    assert [one["id"] for one in reader.items("/conversations?changed_since=2020-01-01T02:00:00%2B02:00")] == [
        "carl",
        "dora",
    ]


@pytest.mark.parametrize("since", ["", "yesterday", "2026-03-02", "2026-03-02T09:00:00", "1772442000"])
def test_a_time_that_is_none_is_refused(reader: Reader, since: str) -> None:
    assert error(reader.ask(f"/conversations?changed_since={since}"))["code"] == "invalid_request"


def test_pages_of_conversations_have_each_once(reader: Reader) -> None:
    for n in range(5):
        reader.world.contact(f"c{n}", f"c{n}@customer.example")
    reader.arrives(*(letter(f"c{n}@customer.example") for n in range(5)))
    found = [[one["id"] for one in page] for page in reader.pages("/conversations", 2)]
    assert found == [["c4", "c3"], ["c2", "c1"], ["c0"]]


def test_R39_a_deleted_contacts_conversation_keeps_its_name(reader: Reader) -> None:
    reader.arrives(letter(CARL))
    key = keys.contact(HERE, ContactId("carl"))
    contact = reader.world.store.read(key).value(key)
    assert contact
    reader.world.store.commit([Put(key, replace(contact, name="Carl", deleted_at=reader.world.clock.now()))])
    assert reader.items("/conversations")[0]["contact"] == {"id": "carl", "name": "Carl", "email": CARL}
    assert len(reader.items("/conversations/carl/messages")) == 1


def test_a_message_has_every_key_of_the_contract(reader: Reader) -> None:
    reader.arrives(letter(f"Carl C <{CARL}>", subject="Grüße", text="Hi\n", Message_ID="<a@b>", Cc="x@y.example"))
    (one,) = reader.items("/conversations/carl/messages")
    assert set(one) == MESSAGE_KEYS
    assert one["from"] == {"name": "Carl C", "address": CARL}
    assert one["to"] == [{"name": None, "address": "ada@agency.example"}]
    assert one["cc"] == [{"name": None, "address": "x@y.example"}]
    assert (one["subject"], one["text"].strip(), one["html"]) == ("Grüße", "Hi", None)
    assert (one["direction"], one["origin"], one["status"], one["failure"]) == ("inbound", "gmail", "received", None)
    assert one["date"] == reader.world.clock.now().isoformat().replace("+00:00", "Z")
    assert (one["read"], one["starred"], one["automatic"], one["reference"]) == (False, False, False, False)
    assert (one["message_id"], one["in_reply_to"], one["ambiguous_contacts"]) == ("<a@b>", None, [])
    assert one["gmail"]["id"] == next(iter(reader.world.gmail.mails))
    assert one == reader.read(f"/messages/{one['id']}")


def test_messages_come_with_the_latest_first_in_pages(reader: Reader) -> None:
    reader.arrives(*(letter(CARL, subject=str(n)) for n in range(5)), letter(DORA, subject="other"))
    found = [[one["subject"] for one in page] for page in reader.pages("/conversations/carl/messages", 2)]
    assert found == [["4", "3"], ["2", "1"], ["0"]]


def test_R32_a_contact_in_cc_sees_the_mail_as_a_reference(reader: Reader) -> None:
    reader.arrives(letter(CARL, subject="own"), letter(DORA, subject="theirs", Cc=CARL))
    theirs, own = reader.items("/conversations/carl/messages")
    assert (theirs["subject"], theirs["conversation"], theirs["reference"]) == ("theirs", "dora", True)
    assert (own["subject"], own["reference"]) == ("own", False)
    assert [one["reference"] for one in reader.items("/conversations/dora/messages")] == [False]
    found = [[one["subject"] for one in page] for page in reader.pages("/conversations/carl/messages", 1)]
    assert found[:2] == [["theirs"], ["own"]]


def test_a_contact_who_replaces_another_shows_their_mail_too(reader: Reader) -> None:
    reader.arrives(letter(CARL, subject="before"))
    key = keys.contact(HERE, ContactId("carl"))
    carl = reader.world.store.read(key).value(key)
    assert carl
    reader.world.store.commit([Put(key, replace(carl, replaced_by=ContactId("dora")))])
    reader.arrives(letter(DORA, subject="after"))
    found = reader.items("/conversations/dora/messages")
    assert [(one["subject"], one["reference"]) for one in found] == [("after", False), ("before", False)]
    assert {one["conversation"] for one in found} == {"dora"}
    assert {reader.read(f"/messages/{one['id']}")["conversation"] for one in found} == {"dora"}


def test_contacts_that_replace_each_other_in_a_circle_end_somewhere(reader: Reader) -> None:
    for name, other in (("carl", "dora"), ("dora", "carl")):
        key = keys.contact(HERE, ContactId(name))
        contact = reader.world.store.read(key).value(key)
        assert contact
        reader.world.store.commit([Put(key, replace(contact, replaced_by=ContactId(other)))])
    reader.arrives(letter(CARL))
    assert len(reader.items("/conversations/dora/messages")) == 1


@pytest.mark.parametrize("path", ["/conversations/nobody/messages", "/messages/none", "/messages/none/attachments/a"])
def test_what_is_not_there_is_404(reader: Reader, path: str) -> None:
    assert error(reader.ask(path))["code"] == "not_found"
    assert reader.ask("/conversations/carl/messages").status_code == 200


def test_a_send_is_found_by_each_of_its_names_and_a_purged_mail_by_none(reader: Reader) -> None:
    reader.keep(
        Message(MessageId("entry"), ContactId("carl"), Direction.OUTBOUND, at=reader.world.clock.now()),
        Message(MessageId("alias"), alias_of=MessageId("entry")),
        Message(MessageId("purged"), purged=True),
        Message(MessageId("to-purged"), alias_of=MessageId("purged")),
        Message(MessageId("to-nothing"), alias_of=MessageId("nothing")),
    )
    assert reader.read("/messages/alias")["id"] == "entry"
    for name in ("purged", "to-purged", "to-nothing"):
        assert reader.ask(f"/messages/{name}").status_code == 404


def test_R56_a_failed_send_says_why(reader: Reader) -> None:
    failure = Failure("no_contact", "Nobody.", "Add one.", datetime(2026, 3, 3, tzinfo=UTC))
    reader.keep(Message(MessageId("m"), ContactId("carl"), status=Status.FAILED, failure=failure))
    assert reader.read("/messages/m")["failure"] == {
        "code": "no_contact",
        "message": "Nobody.",
        "action": "Add one.",
        "retry_at": "2026-03-03T00:00:00Z",
    }


def test_only_the_callers_own_gmail_copy_is_shown(reader: Reader) -> None:
    other = {MailboxId("mailbox-bob"): Source(GmailId("g-bob"), ThreadId("t-bob"))}
    reader.keep(Message(MessageId("m"), ContactId("carl"), sources=other))
    assert reader.read("/messages/m")["gmail"] is None
    reader.user = UserId("bob")
    reader.arrives(letter(CARL))
    assert reader.items("/conversations/carl/messages")[0]["gmail"] is None


def test_F27_a_large_body_is_read_in_from_its_blob(reader: Reader) -> None:
    reader.arrives(letter(CARL, text="x" * 150_000))
    stored = reader.world.messages()[0]
    assert stored.body.blob
    assert reader.read(f"/messages/{stored.id}")["text"].strip() == "x" * 150_000
    reader.world.blobs.contents.clear()
    assert reader.read(f"/messages/{stored.id}")["text"] == ""


def test_a_page_of_large_bodies_ends_early_and_goes_on(reader: Reader) -> None:
    at = reader.world.clock.now()
    for n in range(5):
        blob = bodies.blob_name(f"locations/{HERE}/messages/m{n}")
        reader.world.blobs.write(blob, [bodies.packed(Body("x" * 3_000_000))])
        reader.keep(Message(MessageId(f"m{n}"), ContactId("carl"), at=at + timedelta(minutes=n), body=Body(blob=blob)))
    found = [[one["id"] for one in page] for page in reader.pages("/conversations/carl/messages", 100)]
    assert found == [["m4", "m3", "m2"], ["m1", "m0"]]


def test_images_of_the_mail_itself_lead_to_its_attachments(reader: Reader) -> None:
    logo = Attachment(AttachmentId("part-1"), "logo.png", "image/png", 3, "logo@x", blob="b/logo")
    html = '<p><img src="cid:logo@x" alt="Logo"><img src="cid:other"></p>'
    reader.keep(Message(MessageId("m"), ContactId("carl"), body=Body("t", html), attachments=(logo,)))
    shown = reader.read("/messages/m")
    assert '<img src="/locations/here/messages/m/attachments/part-1" alt="Logo">' in shown["html"]
    assert "cid:other" in shown["html"]
    assert shown["attachments"] == [
        {"id": "part-1", "filename": "logo.png", "content_type": "image/png", "size": 3, "content_id": "logo@x",
         "state": "ready"}
    ]  # fmt: skip


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.SERVICE])
def test_T34_readers_read_and_only_a_user_has_things_explained(reader: Reader, role: Role) -> None:
    reader.role = role
    for path in ("/conversations", "/conversations/carl/messages"):
        assert reader.ask(path).status_code == 200
    assert reader.ask("/explain?gmail_id=m1").status_code == (200 if role is Role.USER else 403)


def test_T34_an_operator_reads_nobodys_mail(reader: Reader) -> None:
    reader.role = Role.OPERATOR
    for path in ("/conversations", "/conversations/carl/messages", "/messages/m", "/explain?gmail_id=m1"):
        assert reader.ask(path).status_code == 403


def test_T13_another_locations_mail_is_not_there(reader: Reader) -> None:
    reader.arrives(letter(CARL))
    (one,) = reader.items("/conversations/carl/messages")
    paths = ("/conversations/carl/messages", f"/messages/{one['id']}", f"/explain?gmail_id={one['gmail']['id']}")
    for path in (*paths, "/conversations"):
        assert reader.ask(path, location=THERE).status_code == 404
    reader.world.location(THERE)
    assert [reader.ask(path, location=THERE).status_code for path in paths] == [404, 404, 409]
    assert content(reader.ask("/conversations", location=THERE))["items"] == []


def test_people_show_as_they_are_known(reader: Reader) -> None:
    reader.keep(
        Message(MessageId("m"), ContactId("carl"), sender=None, to=(Person("T", Address("t@x.example")),), subject="")
    )
    shown = reader.read("/messages/m")
    assert (shown["from"], shown["to"]) == (None, [{"name": "T", "address": "t@x.example"}])
    assert (shown["subject"], shown["text"], shown["date"]) == ("", "", None)
