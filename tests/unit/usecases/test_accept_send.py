"""What is accepted for sending, and what is refused with nothing kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.connection import ConnectionState
from shared.domain.identifiers import ContactId, LocationId, MessageId, ThreadId
from shared.domain.location import AddressEntry, Contact, IndexedContact
from shared.domain.mailbox import Alias, Trouble
from shared.domain.message import Direction, Message, Origin, Source, Status, Thread
from shared.domain.outbox import EntryState
from shared.domain.policy import Policy
from shared.errors import Conflict, GrantLost, Rejected, Remedy, Transient
from shared.ports.form import FormPart
from shared.ports.store import Put
from tests.unit.inbound import ADA, HERE
from tests.unit.outbound import CARL, USER, Outbound, file_part, json_part

MIB = 1_048_576


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def refused(world: Outbound, mail: dict[str, Any], *files: FormPart) -> Rejected:
    with pytest.raises(Rejected) as caught:
        world.accept(mail, *files)
    assert not any("outbox" in path for path in world.store.documents), "nothing may be kept"
    assert not world.blobs.contents
    assert world.used() == 0
    return caught.value


def test_an_accepted_mail_is_queued_and_shown_in_its_conversation_at_once(world: Outbound) -> None:
    accepted = world.accept({}, file_part("a.txt", b"hello", "text/plain"))

    shown = world.shown(accepted.id)
    assert (accepted.conversation, accepted.warnings) == ("carl", ())
    assert (shown.status, shown.direction, shown.origin) == (Status.QUEUED, Direction.OUTBOUND, Origin.CRM)
    assert (shown.subject, shown.body.text, shown.attachments[0].filename) == ("An offer", "Take it.", "a.txt")
    assert world.topics.delivered == [accepted.id]
    assert world.used() == 1
    conversation = world.store.read(keys.conversation(HERE, ContactId("carl"))).value(
        keys.conversation(HERE, ContactId("carl"))
    )
    assert conversation
    assert (conversation.message_count, conversation.subject) == (1, "An offer")


def test_f51_the_same_key_and_mail_gets_the_first_answer_and_one_mail(world: Outbound) -> None:
    first = world.accept({}, file_part("a.txt", b"hello"))
    blobs = dict(world.blobs.contents)

    second = world.accept({}, file_part("a.txt", b"hello"))

    assert (second, world.used(), world.blobs.contents) == (first, 1, blobs)
    assert len([path for path in world.store.documents if path.startswith("outbox/")]) == 1


@pytest.mark.parametrize(
    ("mail", "file"),
    [
        ({"subject": "Another"}, file_part("a.txt", b"hello")),
        ({}, file_part("a.txt", b"hullo")),
        ({}, file_part("b.txt", b"hello")),
        ({}, file_part("a.txt", b"hello", "text/html")),
    ],
)
def test_f51_the_same_key_for_another_mail_or_file_is_refused(
    world: Outbound, mail: dict[str, Any], file: FormPart
) -> None:
    first = world.accept({}, file_part("a.txt", b"hello"))
    blobs = dict(world.blobs.contents)

    with pytest.raises(Rejected, match="idempotency_key_reused"):
        world.accept(mail, file)

    assert (world.used(), world.blobs.contents) == (1, blobs)
    assert world.shown(first.id).subject == "An offer"


def test_f51_a_commit_whose_answer_was_lost_is_found_again_and_its_files_stay(world: Outbound) -> None:
    def lost(writes: object) -> None:
        world.store.after_commit = lambda _: None
        raise Transient("no answer")

    world.store.after_commit = lost

    accepted = world.accept({}, file_part("a.txt", b"hello"))

    assert world.used() == 1
    assert world.blobs.contents[world.entry(accepted.id).attachments[0].blob] == b"hello"


def test_files_are_kept_while_nobody_knows_whether_the_mail_was_accepted(world: Outbound) -> None:
    def down(writes: object) -> None:
        raise Transient("no answer")

    world.store.before_commit = down

    with pytest.raises(Transient):
        world.accept({}, file_part("a.txt", b"hello"))

    assert list(world.blobs.contents.values()) == [b"hello"]


def test_a_busy_mailbox_is_read_again_and_decided_again(world: Outbound) -> None:
    conflicts = iter([True, True, True])

    def busy(writes: object) -> None:
        if next(conflicts, False):
            raise Conflict("busy")

    world.store.before_commit = busy

    world.accept()

    assert world.used() == 1
    assert world.clock.slept > timedelta()


def test_a_mail_that_cannot_be_published_is_accepted_and_found_by_the_timer(world: Outbound) -> None:
    def down(topic: str) -> None:
        raise Transient(topic)

    world.topics.before_publish = down
    accepted = world.accept()
    world.topics.before_publish = lambda _: None

    world.drain(3)

    assert world.entry(accepted.id).state is EntryState.SENT
    assert len(world.sent()) == 1


def test_r54_the_last_send_of_the_limit_goes_out_and_the_next_names_the_time(world: Outbound) -> None:
    now = int(world.clock.now().timestamp()) // 300
    world.change_mailbox(sent={str(now - 12): 499})
    world.accept(key="last")

    with pytest.raises(Rejected) as caught:
        world.accept(key="one more")

    assert (caught.value.code, caught.value.details["limit"]) == ("daily_limit_reached", 500)
    retry_at = caught.value.details["retry_at"]
    world.clock.time = retry_at  # type: ignore[assignment]
    assert world.accept(key="one more").conversation == "carl", "the key was not used up"


def test_r54_a_location_may_stop_earlier(world: Outbound) -> None:
    location = world.store.read(keys.location(HERE)).value(keys.location(HERE))
    assert location
    world.store.commit([Put(keys.location(HERE), replace(location, policy=Policy(daily_limit=0)))])

    assert refused(world, {}).code == "daily_limit_reached"


def test_r53_twenty_five_megabytes_of_files_work_exactly(world: Outbound) -> None:
    accepted = world.accept({}, file_part("a.bin", b"a" * 25 * MIB))

    assert world.entry(accepted.id).attachments[0].size == 26_214_400


def test_r53_one_byte_more_is_refused_with_its_size(world: Outbound) -> None:
    error = refused(world, {}, file_part("a.bin", b"a" * 25 * MIB), file_part("b.bin", b"b"), file_part("c.bin", b"c"))

    assert (error.code, error.details) == ("too_large", {"size": 26_214_402, "limit": 26_214_400})


def test_r53_what_is_too_large_once_encoded_is_refused_with_its_size(world: Outbound) -> None:
    error = refused(world, {"text": "\u00e9" * 320_000}, file_part("a.bin", b"a" * 25 * MIB))

    assert (error.code, error.details["limit"]) == ("too_large", 36_700_160)
    assert 36_700_160 < int(str(error.details["size"])) < 37_100_000


def test_r53_a_hundred_recipients_work_and_one_more_is_refused(world: Outbound) -> None:
    others = [{"address": f"p{n}@elsewhere.example"} for n in range(50)]
    more = [{"address": f"q{n}@elsewhere.example"} for n in range(49)]

    assert world.accept({"cc": others, "bcc": more}).conversation == "carl"
    error = refused(Outbound(), {"cc": others, "bcc": [*more, {"address": "z@elsewhere.example"}]})
    assert error.code == "too_many_recipients"


@pytest.mark.parametrize("bad", ["\r", "\n", "\r\nBcc: x@evil.example", "\0", "\u2028", "\u2029", "\v", "\x85", "\x7f"])
@pytest.mark.parametrize("where", ["subject", "name", "address", "from", "filename"])
def test_t15_whatever_could_end_a_header_is_refused(world: Outbound, bad: str, where: str) -> None:
    text = f"a{bad}b"
    mails: dict[str, dict[str, Any]] = {
        "subject": {"subject": text},
        "name": {"to": [{"address": CARL, "name": text}]},
        "address": {"to": [{"address": f"carl{bad}@customer.example"}]},
        "from": {"from": f"ada{bad}@agency.example"},
        "filename": {},
    }
    files = [file_part(text, b"x")] if where == "filename" else []

    assert refused(world, mails[where], *files).code == "invalid_request"


@pytest.mark.parametrize(
    "mail",
    [
        {"to": [], "cc": [], "bcc": []},
        {"to": [{"address": "not an address"}]},
        {"to": [{"address": "a@b.example <x@evil.example>"}]},
        {"from": "somebody@agency.example"},
        {"kind": "letter"},
        {"subject": "s" * 901},
    ],
)
def test_what_cannot_be_sent_is_refused(world: Outbound, mail: dict[str, Any]) -> None:
    assert refused(world, mail).code == "invalid_request"


def test_r50_an_alias_sends_with_its_own_name(world: Outbound) -> None:
    alias = Address("sales@agency.example")
    world.change_mailbox(aliases=(Alias(Address(ADA), "Ada"), Alias(alias, "Sales team")))

    accepted = world.accept({"from": "Sales@Agency.example"})

    sender = world.entry(accepted.id).sender
    assert sender
    assert (sender.name, sender.address) == ("Sales team", alias)


def test_r50_without_a_connection_nothing_is_accepted(world: Outbound) -> None:
    key = keys.connection(HERE, USER)
    connection = world.store.read(key).value(key)
    assert connection
    world.store.commit([Put(key, replace(connection, state=ConnectionState.DISCONNECTED))])

    assert refused(world, {}).code == "not_connected"


@pytest.mark.parametrize("remedy", list(Remedy))
def test_r50_a_mailbox_in_trouble_accepts_nothing(world: Outbound, remedy: Remedy) -> None:
    world.change_mailbox(trouble=Trouble(remedy, "invalid_grant", world.clock.now()))

    with pytest.raises(GrantLost):
        world.accept()

    assert world.used() == 0


def test_nobody_a_contact_is_refused(world: Outbound) -> None:
    assert refused(world, {"to": [{"address": "stranger@elsewhere.example"}]}).code == "no_contact"


def test_r30_the_first_contact_in_to_owns_the_conversation_and_the_others_get_a_reference(world: Outbound) -> None:
    world.contact("dora", "dora@customer.example")
    world.contact("emil", "emil@customer.example")
    to = [{"address": "stranger@elsewhere.example"}, {"address": "dora@customer.example"}, {"address": CARL}]

    accepted = world.accept({"to": to, "cc": [{"address": "emil@customer.example"}]})

    assert accepted.conversation == "dora"
    assert world.shown(accepted.id).referenced_by == ("carl", "emil")


def test_r32_a_contact_only_in_bcc_owns_it_if_nobody_else_is_one(world: Outbound) -> None:
    accepted = world.accept({"to": [{"address": "stranger@elsewhere.example"}], "bcc": [{"address": CARL}]})

    assert accepted.conversation == "carl"


def test_r31_of_several_contacts_with_one_address_the_oldest_owns_it(world: Outbound) -> None:
    now, address = world.clock.now(), Address(CARL)
    entry = AddressEntry(
        {
            ContactId("new"): IndexedContact(address, primary=True, created_at=now),
            ContactId("old"): IndexedContact(address, primary=True, created_at=now - timedelta(days=1)),
            ContactId("other"): IndexedContact(address, primary=False, created_at=now - timedelta(days=9)),
        }
    )
    world.store.commit([Put(keys.address(HERE, address), entry)])

    accepted = world.accept()

    assert (accepted.conversation, world.shown(accepted.id).ambiguous) == ("old", ("new",))


def test_r21_a_mail_to_a_colleague_who_is_a_contact_too_warns_that_answers_stay_away(world: Outbound) -> None:
    bea = Address("bea@agency.example")
    world.contact("bea", bea)
    key = keys.address(HERE, bea)
    entry = world.store.read(key).value(key)
    assert entry
    world.store.commit([Put(key, replace(entry, internal={"user:bea": bea}))])
    mail = {"to": [{"address": bea}]}

    for name, more in (("named", {"contact": "bea"}), ("not named", {})):
        accepted = world.accept({**mail, **more}, key=name)
        assert (accepted.conversation, accepted.warnings) == ("bea", ("replies_not_synced",))


@pytest.mark.parametrize("whose", ["location", "user"])
def test_R24_a_mail_to_an_excluded_address_warns_that_answers_stay_away(world: Outbound, whose: str) -> None:
    if whose == "location":
        world.policy(exclusions=["customer.example"])
    else:
        key = keys.connection(HERE, USER)
        connection = world.store.read(key).value(key)
        assert connection
        world.store.commit([Put(key, replace(connection, exclusions=(CARL,)))])

    assert world.accept().warnings == ("replies_not_synced",)


def test_a_named_contact_of_another_location_is_not_there(world: Outbound) -> None:
    there = LocationId("there")
    world.store.commit(
        [Put(keys.contact(there, ContactId("zoe")), Contact(ContactId("zoe"), Address(CARL), world.clock.now()))]
    )

    assert refused(world, {"contact": "zoe"}).code == "not_found"


def answered(world: Outbound, **fields: Any) -> Message:
    source = Source(world.gmail.deliver("Subject: x\n\nx", thread="t-7"), ThreadId("t-7"))
    message = Message(
        MessageId("asked"),
        ContactId("dora"),
        subject="Question",
        message_id="<q@customer.example>",
        references=("<p@customer.example>",),
        sources={world.mailbox_id: source},
    )
    made = replace(message, **fields)
    world.store.commit([Put(keys.message(HERE, made.id), made)])
    return made


@pytest.mark.parametrize("subject", ["Re: Question", "Question", "AW: re[2]: Question", "Fwd: question"])
def test_r14_a_reply_joins_the_thread_of_the_mail_that_it_answers(world: Outbound, subject: str) -> None:
    answered(world)

    entry = world.entry(world.accept({"reply_to": "asked", "subject": subject}).id)

    assert (entry.thread_id, entry.subject, entry.conversation) == ("t-7", subject, "dora")
    assert entry.in_reply_to == "<q@customer.example>"
    assert entry.references == ("<p@customer.example>", "<q@customer.example>")


def test_r14_a_reply_with_a_subject_of_its_own_begins_a_new_gmail_thread(world: Outbound) -> None:
    answered(world)

    entry = world.entry(world.accept({"reply_to": "asked", "subject": "Something else"}).id)

    assert (entry.thread_id, entry.in_reply_to) == (None, "<q@customer.example>")


def test_a_reply_without_a_subject_takes_that_of_the_mail(world: Outbound) -> None:
    answered(world)

    assert world.entry(world.accept({"reply_to": "asked", "subject": ""}).id).subject == "Re: Question"


def test_f56_a_thread_of_another_mailbox_is_never_named_to_gmail(world: Outbound) -> None:
    answered(world, sources={"mailbox-of-bea": Source(world.gmail.deliver("Subject: x\n\nx"), ThreadId("t-9"))})

    entry = world.entry(world.accept({"reply_to": "asked", "subject": "Re: Question"}).id)

    assert (entry.thread_id, entry.in_reply_to) == (None, "<q@customer.example>")


def test_R42_a_thread_that_another_location_has_is_refused_while_that_is_connected(world: Outbound) -> None:
    answered(world)
    claimed = Thread(ThreadId("t-7"), claimed_by=LocationId("there"))
    world.store.commit([Put(keys.thread(world.mailbox_id, claimed.id), claimed)])
    world.link(LocationId("there"))

    assert refused(world, {"reply_to": "asked", "subject": "Re: Question"}).code == "thread_claimed"

    world.unlink(LocationId("there"))
    assert world.accept({"reply_to": "asked", "subject": "Re: Question"}, key="key-2").id


@pytest.mark.parametrize("reply_to", ["nothing", "purged"])
def test_a_reply_to_what_is_not_there_is_refused(world: Outbound, reply_to: str) -> None:
    world.store.commit(
        [Put(keys.message(HERE, MessageId("purged")), Message(MessageId("purged"), ContactId("carl"), purged=True))]
    )

    assert refused(world, {"reply_to": reply_to}).code == "not_found"


def test_html_is_sent_as_given_and_shown_sanitised(world: Outbound) -> None:
    html = '<p onclick="x()">Hi <b>you</b></p><script>x()</script>'

    accepted = world.accept({"text": None, "html": html})

    assert world.entry(accepted.id).body.html == html
    shown = world.shown(accepted.id).body
    assert shown.html
    assert "script" not in shown.html
    assert "onclick" not in shown.html
    assert shown.text.strip() == "Hi you"


def test_f27_a_large_body_is_kept_as_a_blob(world: Outbound) -> None:
    accepted = world.accept({"text": "word " * 40_000})

    entry, shown = world.entry(accepted.id), world.shown(accepted.id)
    assert entry.body.text == shown.body.text == ""
    assert {entry.body.blob, shown.body.blob} == set(world.blobs.contents)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [json_part({}), json_part({})],
        [json_part({"to": [], "subject": "s"}, content_type="text/plain")],
        [file_part("a", b"a")],
        [json_part({}), FormPart("other", None, "", None, iter([b"x"]))],
    ],
)
def test_a_form_that_is_not_as_described_is_refused_and_leaves_no_file(world: Outbound, parts: list[FormPart]) -> None:
    from shared.usecases.receive_mail import receive_mail

    with pytest.raises(Rejected, match="invalid_request"):
        receive_mail(parts, world.blobs, folder="somewhere")

    assert not world.blobs.contents
