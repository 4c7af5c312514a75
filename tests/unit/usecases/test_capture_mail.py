"""Mail to auto-BCC addresses: who may file, with whom it is filed, what is left out, and that it is stored once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.identifiers import ContactId, created_contact_id
from shared.domain.location import Contact
from shared.domain.message import Direction, Origin, Status
from shared.errors import Conflict, Transient
from shared.ports.store import Create, Query
from shared.usecases.capture_mail import MOST_GUESSES
from shared.usecases.delete_contact import delete_contact
from shared.usecases.delete_location import delete_location
from shared.usecases.delete_user import delete_user
from tests.unit.usecases.mailroom import ANNS_CRM, CARL, RECEIVER, Mailroom
from tests.unit.usecases.office import ANN, ANNS, BOB, HERE, THERE, address

CREATED = created_contact_id(CARL)


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


def test_R61_the_first_in_to_becomes_a_contact_and_has_the_conversation(room: Mailroom) -> None:
    mail = room.letter(f"Carl Contact <{CARL}>, dora@customer.example", Cc="eve@customer.example")

    assert room.bring(mail) == {"filed": 1, "unknown": 0}

    contact, message = room.record(CREATED), room.message()
    assert contact
    assert (contact.email, contact.name, list(contact.filed_by)) == (CARL, "Carl Contact", [ANN])
    assert (message.conversation, message.direction, message.origin) == (CREATED, Direction.OUTBOUND, Origin.AUTO_BCC)
    assert (message.status, message.read, message.rule, message.body.text) == (
        Status.SENT,
        True,
        "R61",
        "As we said.\n",
    )
    conversation = room.conversation(CREATED)
    assert conversation
    assert (conversation.message_count, conversation.unread, conversation.subject) == (1, 0, "Offer")
    assert len(room.store.find(keys_of_contacts())) == 1
    assert [event.type for event in room.topics.announced] == ["contact.created", "message.stored"]


def keys_of_contacts() -> Query[Contact]:
    return Query(keys.contacts(HERE))


def test_R64_the_address_shows_in_bcc_though_the_mail_does_not_have_it(room: Mailroom) -> None:
    room.bring(room.letter())

    assert [person.address for person in room.message().bcc] == [room.address()]


@pytest.mark.parametrize("header", ["Bcc", "Cc", "To"])
def test_R60_in_bcc_cc_or_to_in_any_case_the_address_files_and_is_no_contact(header: str, room: Mailroom) -> None:
    own = room.address()
    mail = room.letter(f"{own.upper()}, {CARL}" if header == "To" else CARL)
    if header != "To":
        mail[header] = own.upper()

    assert room.bring(mail, own.upper())["filed"] == 1

    assert room.message().conversation == CREATED
    assert len(room.store.find(keys_of_contacts())) == 1


def test_R61_people_in_cc_and_bcc_never_become_contacts(room: Mailroom) -> None:
    room.bring(room.letter("bob@crm.example", Cc=CARL))

    assert room.messages() == []
    assert [one.reason for one in room.held()] == ["no_contact"]
    assert room.store.find(keys_of_contacts()) == []


def test_R32_a_contact_in_cc_owns_the_mail_where_nobody_outside_is_in_to(room: Mailroom) -> None:
    room.contact("carl")

    room.bring(room.letter("bob@crm.example", Cc=CARL))

    assert room.message().conversation == "carl"


def test_R61_a_contact_that_is_there_is_not_made_again(room: Mailroom) -> None:
    room.contact("carl")

    room.bring(room.letter())

    assert room.message().conversation == "carl"
    assert room.record(CREATED) is None


def test_R31_of_several_contacts_the_oldest_has_it_and_the_others_are_named(room: Mailroom) -> None:
    room.contact("older")
    room.clock.advance(minutes=1)
    room.contact("younger")

    room.bring(room.letter())

    assert (room.message().conversation, room.message().ambiguous) == ("older", ("younger",))


def test_R32_other_contacts_on_the_mail_are_referred_to(room: Mailroom) -> None:
    room.contact("carl")
    room.contact("dora", "dora@customer.example")

    room.bring(room.letter(Cc="dora@customer.example"))

    assert room.message().referenced_by == ("dora",)


def test_R30_a_reply_stays_in_the_conversation_of_the_mail_that_it_answers(room: Mailroom) -> None:
    room.contact("carl")
    first = room.letter(message_id="<first@mail.example>")
    room.bring(first)

    room.bring(room.letter(f"dora@customer.example, {CARL}", "Re: Offer", In_Reply_To="<first@mail.example>"))

    assert {message.conversation for message in room.messages()} == {"carl"}


def test_R62_the_contact_and_its_index_remember_who_filed(room: Mailroom) -> None:
    room.contact("carl", other_emails=(address("carl@home.example"),))

    room.bring(room.letter())

    contact = room.record("carl")
    assert contact
    assert list(contact.filed_by) == [ANN]
    for email in (CARL, "carl@home.example"):
        key = keys.address(HERE, address(email))
        entry = room.store.read(key).value(key)
        assert entry
        assert list(entry.contacts[ContactId("carl")].filed_by) == [ANN]


def test_R62_who_filed_is_kept_when_the_crm_puts_the_contact_again_or_another_in_its_place(room: Mailroom) -> None:
    room.bring(room.letter())
    room.contact(CREATED, name="Carl")
    again = room.record(CREATED)
    assert again
    assert list(again.filed_by) == [ANN]

    room.contact("crm-carl", replaces=CREATED)

    successor = room.record("crm-carl")
    assert successor
    assert list(successor.filed_by) == [ANN]


def test_R61_never_means_that_mail_to_a_stranger_is_held(room: Mailroom) -> None:
    room.policy(contact_creation="never")

    assert room.bring(room.letter()) == {"held no_contact": 1, "unknown": 0}

    (held,) = room.held()
    assert (held.user, held.reason, held.subject) == (ANN, "no_contact", "Offer")
    assert room.blobs.contents[held.blob].endswith(b"As we said.\n")
    assert room.messages() == []


def test_R63_a_mail_that_is_not_proved_is_held_and_its_body_is_not(room: Mailroom) -> None:
    for verdict in (
        "dmarc=fail header.from=crm.example",
        "none",
        "spf=pass smtp.mailfrom=ann@crm.example",
        "dkim=pass header.d=evil.example",
        "dmarc=pass header.from=evil.example",
        "dmarc=fail header.from=crm.example; dkim=pass header.d=crm.example",
    ):
        assert room.bring(room.letter(), verdict=verdict) == {"held not_authenticated": 1, "unknown": 0}, verdict
    assert room.messages() == []
    assert room.blobs.contents == {}


@pytest.mark.parametrize(
    "verdict", ["dkim=pass header.d=crm.example", "dkim=pass header.d=mail.crm.example; dmarc=none"]
)
def test_R63_a_dkim_pass_of_the_senders_domain_is_proof_where_there_is_no_dmarc(verdict: str, room: Mailroom) -> None:
    assert room.bring(room.letter(), verdict=verdict)["filed"] == 1


def test_T23_what_others_say_about_the_sender_never_counts(room: Mailroom) -> None:
    mail = room.letter()
    forged = f"{RECEIVER}; dmarc=pass header.from=crm.example"
    mail["Authentication-Results"] = forged
    mail["ARC-Authentication-Results"] = f"i=1; {forged}"
    mail["Authentication-Results"] = "mx.google.com; dmarc=pass header.from=crm.example"

    assert "held not_authenticated" in room.bring(mail, verdict="none")


@pytest.mark.parametrize(
    "sender",
    [
        "bob@crm.example",
        "mallory@crm.example",
        "Ann <ann@crm.example>, bob@crm.example",
        "ann@crm.example <bob@crm.example>",
    ],
)
def test_T23_another_persons_mail_is_held_however_well_it_is_proved(sender: str, room: Mailroom) -> None:
    done = room.bring(room.letter(sender=sender))

    assert {"held not_your_address", "held not_authenticated"} & set(done)
    assert room.messages() == []


def test_R63_the_connected_mailbox_is_the_users_own_until_it_is_disconnected(room: Mailroom) -> None:
    room.connect()
    proof = "dmarc=pass header.from=gmail.com"
    assert room.bring(room.letter(sender=ANNS), verdict=proof)["filed"] == 1

    room.disconnect()

    assert "held not_your_address" in room.bring(room.letter(sender=ANNS), verdict=proof)


def test_R22_mail_among_the_locations_own_people_leaves_nothing(room: Mailroom) -> None:
    assert room.bring(room.letter("bob@crm.example"))["dropped R22"] == 1

    assert (room.messages(), room.held(), room.blobs.contents) == ([], [], {})


@pytest.mark.parametrize(("sender", "verdict"), [("bob@crm.example", ""), (ANNS_CRM, "none")])
def test_F63_mail_among_own_people_leaves_nothing_whoever_sent_it(sender: str, verdict: str, room: Mailroom) -> None:
    room.contact("carl")
    proof = verdict or "dmarc=pass header.from=crm.example"

    assert room.bring(room.letter("ann@crm.example", sender=sender), verdict=proof)["dropped R22"] == 1

    assert (room.messages(), room.held(), room.blobs.contents) == ([], [], {})


@pytest.mark.parametrize("to", [CARL, f"{CARL} <dora@other.example>", f"<<{CARL}>, dora@other.example"])
@pytest.mark.parametrize("verdict", ["dmarc=pass header.from=crm.example", "none"])
def test_R24_of_mail_with_somebody_excluded_or_perhaps_so_nothing_is_kept(
    to: str, verdict: str, room: Mailroom
) -> None:
    room.policy(exclusions=["customer.example"])
    raw = room.letter("x@other.example").as_bytes().replace(b"To: x@other.example", f"To: {to}".encode())

    assert room.bring(raw, verdict=verdict)["dropped R24"] == 1

    assert (room.messages(), room.held(), room.blobs.contents) == ([], [], {})


def test_T17_a_strangers_twenty_thousand_recipients_are_not_looked_up(room: Mailroom) -> None:
    everybody = ", ".join(f"u{number}@d.example" for number in range(20_000))
    raw = room.letter(sender="eve@evil.example").as_bytes().replace(b"To: ", f"To: {everybody}, ".encode())
    own, asked, read = room.address(), list[str](), room.store.read

    def counted(*wanted: Any) -> Any:
        asked.extend(key.path for key in wanted)
        return read(*wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store, "read", counted)
        room.bring(raw, own, verdict="dmarc=pass header.from=evil.example")

    assert [one.reason for one in room.held()] == ["not_your_address"]
    assert len(asked) < 50


def test_R24_whom_the_location_excludes_is_not_filed(room: Mailroom) -> None:
    room.policy(exclusions=["customer.example"])

    assert room.bring(room.letter())["dropped R24"] == 1

    assert (room.messages(), room.held()) == ([], [])


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List-Id": "<news.example>"},
        {"Return-Path": "<>"},
        {"X-Gmail-Sync-Entry": "entry.00000000000000000000000000000000"},
    ],
)
def test_T25_automatic_mail_and_our_own_is_not_filed(headers: dict[str, str], room: Mailroom) -> None:
    mail = room.letter()
    for name, value in headers.items():
        mail[name] = value

    done = room.bring(mail)

    assert [one for one in done if one.startswith("dropped")]
    assert (room.messages(), room.held(), room.topics.announced) == ([], [], [])


def test_T25_the_empty_sender_and_a_mail_that_goes_in_circles_are_not_filed(room: Mailroom) -> None:
    assert room.bring(room.letter(), sender="")["dropped R57"] == 1
    hops = b"Received: from a by b\r\n" * 26
    assert room.bring(hops + room.letter().as_bytes())["dropped R57"] == 1
    assert room.bring(hops[: len(hops) // 26 * 25] + room.letter().as_bytes())["filed"] == 1


def test_F62_a_mail_that_comes_twice_is_stored_once(room: Mailroom) -> None:
    mail = room.letter()
    assert room.bring(mail, name="same") == {"filed": 1, "unknown": 0}
    assert room.bring(mail, name="same") == {"known": 1}
    room.bring(mail, name="other")

    conversation = room.conversation(CREATED)
    assert conversation
    assert (len(room.messages()), conversation.message_count) == (1, 1)


def test_F62_a_conflict_with_whoever_stores_it_meanwhile_ends_in_one_message(room: Mailroom) -> None:
    mail = room.letter()
    raced: list[str] = []

    def race(writes: object) -> None:
        if not raced and any(isinstance(one, Create) and "/messages/" in one.key.path for one in writes):  # type: ignore[attr-defined]
            raced.append("once")
            room.bring(mail, name="the other instance")
            raise Conflict("messages")

    room.store.before_commit = race
    room.bring(mail)

    conversation = room.conversation(CREATED)
    assert raced
    assert conversation
    assert (len(room.messages()), conversation.message_count) == (1, 1)


def test_R20_two_addresses_on_one_mail_file_it_in_each_ones_location(room: Mailroom) -> None:
    room.bring(room.letter(), room.address(location=HERE), room.address(location=THERE))

    for location in (HERE, THERE):
        assert [person.address for person in room.message(location).bcc] == [room.address(location=location)]


def test_T22_an_unknown_address_changes_nothing_but_a_count(room: Mailroom) -> None:
    before = {path for path in room.store.documents if not path.startswith(("arrived/", "guesses/"))}

    assert room.bring(room.letter(), f"{'a' * 32}@in.crm.example") == {"unknown": 1}

    assert {path for path in room.store.documents if not path.startswith(("arrived/", "guesses/"))} == before


def test_T22_whoever_guesses_too_often_has_to_wait_and_nobody_else(room: Mailroom) -> None:
    guess, proof = f"{'b' * 32}@in.crm.example", "dmarc=pass header.from=evil.example"

    def guessed(by: str) -> dict[str, int]:
        return room.bring(room.letter(sender=by), guess, sender=by, verdict=proof)

    for _ in range(MOST_GUESSES):
        guessed("mallory@evil.example")

    with pytest.raises(Transient) as refused:
        guessed("eve@evil.example")
    assert refused.value.retry_at
    assert room.bring(room.letter())["filed"] == 1

    room.clock.advance(minutes=10)
    assert "unknown" in guessed("mallory@evil.example")


@pytest.mark.parametrize("envelope", [ANNS_CRM, "bounces+1@mailer.example"])
def test_T22_whoever_guesses_in_anothers_name_does_not_hold_up_the_other(envelope: str, room: Mailroom) -> None:
    for _ in range(MOST_GUESSES):
        room.bring(room.letter(), f"{'b' * 32}@in.crm.example", sender=envelope, verdict="none")

    with pytest.raises(Transient):
        room.bring(room.letter(), sender=envelope, verdict="none")
    assert room.bring(room.letter(), sender=envelope)["filed"] == 1


def test_T22_one_guesser_at_a_public_provider_does_not_hold_up_its_other_users(room: Mailroom) -> None:
    def bring(by: str) -> dict[str, int]:
        mail = room.letter(sender=by)
        return room.bring(mail, f"{'b' * 32}@in.crm.example", sender=by, verdict="dmarc=pass header.from=gmail.com")

    for _ in range(MOST_GUESSES):
        bring("mallory@gmail.com")

    with pytest.raises(Transient):
        bring("mallory@gmail.com")
    assert bring("ann@gmail.com") == {"unknown": 1}


def test_R39_with_the_user_or_the_location_the_address_ends(room: Mailroom) -> None:
    own, there = room.address(), room.address(location=THERE)
    delete_user(HERE, ANN, by=BOB, store=room.store, google=room.google, topics=room.topics, patience=room.patience)
    delete_location(THERE, by=BOB, store=room.store, google=room.google, topics=room.topics, patience=room.patience)

    assert room.bring(room.letter(), own, there) == {"dropped R60": 1, "unknown": 2}
    assert (room.messages(HERE), room.messages(THERE)) == ([], [])


def test_R12_the_contact_counts_from_the_mail_on_so_that_gmails_own_copy_finds_it(room: Mailroom) -> None:
    sent_at = room.clock.now() - timedelta(seconds=2)
    room.bring(room.letter())

    contact = room.record(CREATED)
    assert contact
    assert contact.created_at == sent_at == room.message().at


def test_R61_a_contact_that_was_deleted_begins_anew_when_the_user_files_with_it(room: Mailroom) -> None:
    room.bring(room.letter())
    delete_contact(room.store, HERE, CREATED, patience=room.patience)

    room.bring(room.letter())

    contact = room.record(CREATED)
    assert contact
    assert contact.deleted_at is None


def test_F65_after_a_crash_between_commit_and_event_the_next_try_tells_both_events(room: Mailroom) -> None:
    def die(_: str) -> None:
        raise Transient("topics")

    mail, room.topics.before_publish = room.letter(), die
    with pytest.raises(Transient):
        room.bring(mail, name="same")
    room.topics.before_publish = lambda _: None

    room.bring(mail, name="same")

    assert {event.type for event in room.topics.announced} == {"contact.created", "message.stored"}
    assert len(room.messages()) == 1


def test_F28_files_are_blobs_of_the_message_and_none_is_left_over(room: Mailroom) -> None:
    mail = room.letter()
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="offer.pdf")
    room.bring(mail)
    room.bring(mail)

    (file,) = room.message().attachments
    assert (file.filename, file.size, file.state) == ("offer.pdf", 4, "ready")
    assert room.blobs.contents == {file.blob: b"%PDF"}


def test_T17_what_cannot_be_read_or_is_too_large_is_held_and_told(room: Mailroom) -> None:
    assert "held too_large" in room.bring(room.letter().as_bytes() + b"x" * 36_700_160)
    assert {one.reason for one in room.held()} == {"too_large"}
    assert room.held()[0].subject == "Offer"
    assert room.blobs.contents == {}
    assert ANNS_CRM not in str(room.bring(room.letter()))


class KilledError(BaseException):
    """The process ends here."""


def _dies_at(room: Mailroom, patch: pytest.MonkeyPatch, number: int, *, after: bool) -> None:
    """Counts every write to the outside and ends the process at one of them, before or after it took effect."""
    done = [0]

    def count() -> None:
        done[0] += 1
        if done[0] == number:
            raise KilledError

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*given: Any, **named: Any) -> Any:
            if not after:
                count()
            answer = call(*given, **named)
            if after:
                count()
            return answer

        return made

    for part, name in (
        (room.store, "commit"),
        (room.blobs, "write"),
        (room.blobs, "delete"),
        (room.topics, "announce"),
    ):
        patch.setattr(part, name, counted(getattr(part, name)))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, 6))
def test_F65_wherever_the_process_dies_the_next_try_ends_in_one_message_and_its_events(
    number: int, after: bool, room: Mailroom
) -> None:
    mail = room.letter()
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="offer.pdf")
    room.address()
    with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
        _dies_at(room, patch, number, after=after)
        room.bring(mail, name="same")

    room.bring(mail, name="same")

    conversation = room.conversation(CREATED)
    assert conversation
    assert (len(room.messages()), conversation.message_count) == (1, 1)
    (file,) = room.message().attachments
    assert room.blobs.contents == {file.blob: b"%PDF"}
    assert {event.type for event in room.topics.announced} == {"contact.created", "message.stored"}
