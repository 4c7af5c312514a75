"""Mail of a contact who was replaced goes on counting where it is shown: in the conversation of who took the place."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId
from shared.domain.keys import Key
from shared.domain.location import Contact
from shared.errors import Refused, Rejected
from shared.ports.store import Put, Query, Reading
from shared.usecases.batch import Batch
from shared.usecases.conversation_home import MOST_REPLACED, home, with_replaced
from shared.usecases.delete_contact import delete_contact
from shared.usecases.list_conversations import list_conversations
from shared.usecases.list_messages import list_messages
from shared.usecases.mark_read import mark_read
from shared.usecases.put_contact import ContactDraft, put_contact
from tests.unit.inbound import HERE, letter
from tests.unit.outbound import CARL, USER, Outbound, once

OLD, NEW, NEWER = ContactId("carl"), ContactId("carla"), ContactId("caroline")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def world() -> Outbound:
    return Outbound()


def put(world: Outbound, contact: ContactId, replaces: ContactId | None = None) -> None:
    draft = ContactDraft(contact, Address(CARL), replaces=replaces)
    put_contact(world.store, HERE, draft, patience=world.patience)


def listed(world: Outbound) -> list[tuple[str, int, int]]:
    """Every conversation there is, by what changed: whose, its mails, and how many are unread."""
    page = list_conversations(HERE, since=LONG_AGO, limit=50, after=None, store=world.store)
    return [(one.conversation.id, one.conversation.message_count, one.conversation.unread) for one in page]


def subjects(world: Outbound, of: ContactId) -> list[str]:
    page = list_messages(HERE, of, caller=USER, limit=50, after=None, store=world.store, blobs=world.blobs)
    return [one.message.subject for one in page.messages]


def arrives(world: Outbound, subject: str = "Hello") -> str:
    name = world.gmail.deliver(letter(CARL, subject=subject))
    world.push()
    world.clock.advance(minutes=5)
    return name


def known(world: Outbound, contact: ContactId) -> Contact:
    found = world.store.read(keys.contact(HERE, contact)).value(keys.contact(HERE, contact))
    assert found
    return found


def test_r17_a_replaced_contacts_mail_that_is_read_in_gmail_counts_for_who_took_the_place(world: Outbound) -> None:
    name = arrives(world)
    arrives(world)
    put(world, NEW, replaces=OLD)
    assert listed(world) == [(NEW, 2, 2)]

    world.gmail.label(name, remove=["UNREAD"])
    world.push()

    assert listed(world) == [(NEW, 2, 1)]


@pytest.mark.parametrize("asked", [OLD, NEW])
def test_r17_a_conversation_is_read_with_the_mail_that_came_before_the_replacement(
    world: Outbound, asked: ContactId
) -> None:
    arrives(world, "before")
    put(world, NEW, replaces=OLD)
    arrives(world, "after")
    assert listed(world) == [(NEW, 2, 2)]

    assert mark_read(HERE, asked, now=world.clock.now(), store=world.store) == 2

    assert listed(world) == [(NEW, 2, 0)]
    assert all(message.read for message in world.messages())


def test_a_send_that_fails_after_the_replacement_changes_the_new_conversation_only(world: Outbound) -> None:
    accepted = world.accept()
    put(world, NEW, replaces=OLD)
    world.sender.after = once(Refused("invalidArgument", "no"))

    world.deliver(accepted.id)

    assert world.entry(accepted.id).state == "failed"
    assert listed(world) == [(NEW, 1, 0)]


def test_a_send_that_goes_out_after_the_replacement_changes_the_new_conversation_only(world: Outbound) -> None:
    accepted = world.accept()
    put(world, NEW, replaces=OLD)
    world.clock.advance(minutes=5)

    world.deliver(accepted.id)

    assert world.entry(accepted.id).state == "sent"
    assert listed(world) == [(NEW, 1, 0)]
    conversation = world.store.find(Query(keys.conversations(HERE)))[0].value
    assert conversation.changed_ms == world.clock.now().timestamp() * 1000


def test_r14_a_reply_to_a_replaced_contacts_mail_goes_to_who_took_the_place(world: Outbound) -> None:
    arrives(world)
    put(world, NEW, replaces=OLD)
    (answered,) = world.messages()

    accepted = world.accept({"reply_to": answered.id})

    assert accepted.conversation == NEW
    assert listed(world) == [(NEW, 2, 1)]


def test_both_names_lead_to_the_same_mail_whatever_is_put_later(world: Outbound) -> None:
    arrives(world, "before")
    put(world, NEW, replaces=OLD)
    arrives(world, "after")
    put(world, NEW)

    assert subjects(world, NEW) == subjects(world, OLD) == ["after", "before"]


def test_a_contact_may_take_the_place_of_several(world: Outbound) -> None:
    arrives(world, "one")
    put(world, NEW, replaces=OLD)
    put(world, NEW, replaces=ContactId("another"))
    put(world, NEWER, replaces=NEW)

    assert subjects(world, NEWER) == subjects(world, OLD) == subjects(world, ContactId("another")) == ["one"]
    assert listed(world) == [(NEWER, 1, 1)]
    assert set(with_replaced(world.store, HERE, NEWER)) == {NEWER, NEW, OLD, "another"}


def test_one_that_was_deleted_before_or_never_known_leads_to_who_took_its_place(world: Outbound) -> None:
    world.clock.advance(minutes=1)
    delete_contact(world.store, HERE, OLD, patience=world.patience)
    deleted_at = world.clock.now()
    world.clock.advance(minutes=1)

    put(world, NEW, replaces=OLD)
    put(world, NEWER, replaces=ContactId("unknown"))

    assert (known(world, OLD).deleted_at, known(world, OLD).replaced_by) == (deleted_at, NEW)
    unknown = known(world, ContactId("unknown"))
    assert (unknown.deleted_at, unknown.replaced_by) == (world.clock.now(), NEWER)
    batch = Batch(world.store)
    assert home(batch, HERE, ContactId("unknown")) == NEWER
    assert home(batch, HERE, ContactId("nobody")) == "nobody"
    with pytest.raises(Rejected, match="no_contact"):
        world.accept({"to": [{"address": "unknown@customer.example"}]})


@pytest.mark.parametrize("circle", [1, 2, 3, MOST_REPLACED * 2])
def test_a_circle_of_replacements_ends_somewhere(world: Outbound, circle: int) -> None:
    names = [ContactId(f"c{at}") for at in range(circle)]
    for at, name in enumerate(names):
        following = names[(at + 1) % circle]
        contact = Contact(name, Address(CARL), world.clock.now(), replaces=following, replaced_by=following)
        world.store.commit([Put(keys.contact(HERE, name), contact)])

    assert home(Batch(world.store), HERE, names[0]) == names[min(circle, MOST_REPLACED) - 1]
    found = with_replaced(world.store, HERE, names[0])
    assert len(found) == len(set(found)) == min(circle, MOST_REPLACED)


def test_a_reply_reads_no_more_often_than_a_first_mail_and_what_it_answers(world: Outbound) -> None:
    arrives(world)
    (answered,) = world.messages()
    reads: list[int] = []
    read = world.store.read

    def counted(*wanted: Key[Any]) -> Reading:
        reads.append(len(wanted))
        return read(*wanted)

    world.store.read = counted  # type: ignore[method-assign,assignment]
    world.accept(key="first")
    first = len(reads)
    world.accept({"reply_to": answered.id, "subject": "Re: Hello"}, key="reply")

    assert len(reads) - first == first + 1
    assert world.entry(world.entry_id("reply")).thread_id
