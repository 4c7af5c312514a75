"""A contact that was merged into another: its threads go on there, its id leads there, and it never comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, MessageId
from shared.domain.keys import Key
from shared.domain.location import Contact
from shared.domain.message import Thread
from shared.errors import Rejected
from shared.ports.store import Query, Reading
from shared.usecases.delete_contact import delete_contact
from shared.usecases.list_messages import list_messages
from shared.usecases.put_contact import ContactDraft, put_contact
from shared.usecases.show_message import show_message
from tests.unit.inbound import ADA, HERE, letter
from tests.unit.outbound import CARL, USER, Outbound
from tests.unit.usecases import office
from tests.unit.usecases.mailroom import CARL as CARLS
from tests.unit.usecases.mailroom import Mailroom

A, B, C, D = map(ContactId, ("carl", "b", "c", "d"))
NEXT, LAST, STRANGER = "b@customer.example", "c@customer.example", "somebody@other.example"


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def put(world: Outbound, contact: ContactId, email: str = NEXT, **more: Any) -> Contact:
    draft = replace(ContactDraft(contact, Address(email), name="Carl"), **more)
    return put_contact(world.store, HERE, draft, patience=world.patience)[0]


def replies(
    world: Outbound, to: MessageId, sender: str, subject: str = "Re: An offer", thread: str = "", **headers: str
) -> None:
    """An answer in Gmail's thread of the mail, or in one that Gmail began because the subject changed."""
    sent = world.shown(to)
    (source,) = sent.sources.values()
    world.clock.advance(minutes=1)
    answer = letter(sender, subject=subject, In_Reply_To=str(sent.message_id), **headers)
    world.gmail.deliver(answer, thread=thread or source.thread_id)
    world.push()


def listed(world: Outbound, of: ContactId) -> list[tuple[str, str]]:
    page = list_messages(HERE, of, caller=USER, limit=50, after=None, store=world.store, blobs=world.blobs)
    return [(one.message.subject, one.message.conversation) for one in page.messages]


def count(world: Outbound, of: ContactId) -> int:
    found = world.store.read(keys.conversation(HERE, of)).value(keys.conversation(HERE, of))
    return found.message_count if found else 0


def thread(world: Outbound) -> Thread:
    (path,) = [path for path in world.store.documents if "/threads/" in path]
    found = world.store.read(Key(path, Thread)).value(Key(path, Thread))
    assert found
    return found


@pytest.mark.parametrize("put_again", [False, True])
def test_R11_a_thread_goes_on_with_who_took_the_contacts_place(world: Outbound, put_again: bool) -> None:
    world.policy("crm_started")
    began = world.send({"contact": A})
    put(world, B, replaces=A)
    if put_again:
        put(world, B)

    replies(world, began, NEXT)

    assert world.conversation(B) == ["Re: An offer"]
    assert count(world, B) == 2
    assert thread(world).pins == {HERE: B}


def test_R11_a_thread_goes_on_with_the_last_of_several_merges(world: Outbound) -> None:
    world.policy("crm_started")
    began = world.send({"contact": A})
    put(world, B, replaces=A)
    put(world, C, LAST, replaces=B)

    replies(world, began, LAST)

    assert listed(world, C) == [("Re: An offer", C), ("An offer", C)]


def test_R11_an_answer_under_another_subject_goes_on_with_who_took_the_place(world: Outbound) -> None:
    world.policy("crm_started")
    began = world.send({"contact": A, "cc": [{"address": NEXT}]})
    put(world, B, replaces=A)
    put(world, B)

    replies(world, began, NEXT, "Something else", thread="t-other", Cc=STRANGER)

    assert world.conversation(B) == ["Something else"]


def test_R30_a_filed_answer_stays_with_who_took_the_contacts_place() -> None:
    room = Mailroom()
    room.contact("a")
    room.bring(room.letter(message_id="<first@mail.example>"))
    room.contact("b", "b@customer.example", replaces=ContactId("a"))
    room.contact("b", "b@customer.example")
    room.contact("other")

    room.bring(room.letter(f"{CARLS}, b@customer.example", "Again", In_Reply_To="<first@mail.example>"))

    assert {one.subject: one.conversation for one in room.messages()} == {"Offer": "a", "Again": "b"}


def test_a_mail_in_the_contacts_thread_costs_no_read_of_the_contact(world: Outbound) -> None:
    began = world.send()
    world.push()
    asked: list[str] = []
    read = world.store.read

    def noted(*wanted: Key[Any]) -> Reading:
        asked.extend(key.path for key in wanted)
        return read(*wanted)

    world.store.read = noted  # type: ignore[method-assign,assignment]
    replies(world, began, CARL)

    assert sorted(world.conversation(A)) == ["An offer", "Re: An offer"]
    assert keys.contact(HERE, A).path not in asked


def test_a_message_says_the_conversation_that_it_is_shown_in(world: Outbound) -> None:
    began = world.send()
    put(world, B, replaces=A)

    shown = show_message(HERE, began, caller=USER, store=world.store, blobs=world.blobs)

    assert shown.message.conversation == B
    assert listed(world, A) == listed(world, B) == [("An offer", B)]


def test_a_send_that_names_a_merged_contact_is_in_the_conversation_of_who_took_the_place(world: Outbound) -> None:
    put(world, B, replaces=A)

    assert world.accept({"contact": A, "to": [{"address": NEXT}]}).conversation == B

    delete_contact(world.store, HERE, B, patience=world.patience)
    with pytest.raises(Rejected, match="not_found"):
        world.accept({"contact": A}, key="key-2")


def test_R31_a_late_put_of_a_merged_contact_takes_nothing_back(world: Outbound) -> None:
    world.send()
    put(world, B, CARL, replaces=A)

    with pytest.raises(Rejected, match="use that one's id") as refused:
        put(world, A, CARL)
    world.clock.advance(minutes=1)
    world.gmail.deliver(letter(CARL, subject="Later"))
    world.push()

    assert refused.value.code == "invalid_request"
    assert listed(world, A) == listed(world, B) == [("Later", B), ("An offer", B)]


def test_a_merged_contact_is_merged_into_nobody_else(world: Outbound) -> None:
    world.send()
    put(world, B, replaces=A)
    put(world, C, LAST, replaces=B)

    with pytest.raises(Rejected, match="merged into another one; name that one"):
        put(world, D, STRANGER, replaces=A)
    put(world, C, LAST, replaces=A)

    assert listed(world, C) == listed(world, A) == [("An offer", C)]
    with pytest.raises(Rejected, match="not_found"):
        listed(world, D)


def test_R61_filing_mail_makes_no_contact_under_an_id_that_was_merged() -> None:
    room = Mailroom()
    room.bring(room.letter())
    (first,) = room.store.find(Query(keys.contacts(office.HERE)))
    room.contact("crm", "crm@customer.example", replaces=first.value.id)

    room.bring(room.letter(subject="Again"))

    again = next(one for one in room.messages() if one.subject == "Again")
    assert again.conversation not in {first.value.id, "crm"}
    merged = room.record(first.value.id)
    assert merged
    assert merged.replaced_by == "crm"


def test_R12_a_contact_that_was_deleted_counts_from_its_next_put_on(world: Outbound) -> None:
    began = world.send()
    delete_contact(world.store, HERE, A, patience=world.patience)
    world.clock.advance(minutes=1)
    (source,) = world.shown(began).sources.values()
    between = world.gmail.deliver(letter(CARL, subject="Between"), thread=source.thread_id)
    alone = world.gmail.deliver(letter(CARL, subject="Alone"), thread="t-alone")
    world.clock.advance(minutes=1)
    put(world, A, CARL)

    replies(world, began, CARL, "After")

    assert sorted(world.conversation(A)) == ["After", "An offer"]
    assert world.left_out() == {between: "R12", alone: "R12"}


def test_R12_a_contact_that_was_deleted_counts_from_when_its_next_put_says(world: Outbound) -> None:
    began = world.send()
    since = world.clock.now()
    delete_contact(world.store, HERE, A, patience=world.patience)
    replies(world, began, STRANGER, "Nobody's")
    put(world, A, CARL, created_at=since + timedelta(seconds=30))
    replies(world, began, CARL, "Carl's")

    assert sorted(world.conversation(A)) == ["An offer", "Carl's"]


def test_R11_mail_of_the_old_contacts_time_that_is_read_after_the_merge_is_the_new_ones(world: Outbound) -> None:
    began = world.send({"cc": [{"address": STRANGER}]})
    world.clock.advance(minutes=1)
    (source,) = world.shown(began).sources.values()
    world.gmail.deliver(letter(STRANGER, to=ADA, subject="Re: An offer"), thread=source.thread_id)
    world.clock.advance(minutes=1)
    put(world, B, replaces=A)

    world.push()

    assert world.conversation(B) == ["Re: An offer"]


@pytest.mark.parametrize("mails", [0, 1])
def test_F40_a_mail_that_comes_while_its_contact_is_merged_counts_in_the_conversation_that_goes_on(
    world: Outbound, mails: int
) -> None:
    """Also the first one, before which there was no conversation."""
    for number in range(mails):
        world.gmail.deliver(letter(CARL, subject=f"Before {number}"))
    world.push()
    world.gmail.deliver(letter(CARL, subject="Meanwhile"))

    def intrude(_: object) -> None:
        world.store.before_commit = lambda _: None
        world.push()

    world.store.before_commit = intrude
    put(world, B, CARL, replaces=A)
    assert [subject for subject, _ in listed(world, B)].count("Meanwhile") == 1
    assert (count(world, A), count(world, B)) == (0, mails + 1)
