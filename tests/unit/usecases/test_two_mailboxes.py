"""One mail in the mailboxes of two users of a location: it is one message, whoever is synced first (R20)."""

import pytest

from shared.domain import keys
from shared.domain.addresses import Address
from shared.domain.identifiers import ContactId, MailboxId, UserId
from shared.domain.location import AddressEntry
from shared.domain.mailbox import Alias, Grant, Link, Mailbox
from shared.domain.message import Conversation, Direction, Status
from shared.ports.store import Put
from shared.usecases.process_notification import Notice, process_notification
from tests.unit.inbound import ADA, HERE, World, letter

BEA = "bea@agency.example"
BOB = "bob@client.example"
SHARED = MailboxId("mailbox-bea")


class Office(World):
    """Ada and Bea of one location, each with a mailbox; Bob is a contact."""

    def __init__(self) -> None:
        super().__init__()
        self.contact("bob", BOB)
        address = Address(BEA)
        self.second = self.access.add(BEA, self.clock.now)
        link = Link(UserId("bea"), self.clock.now(), 1)
        grant, aliases, cursor = Grant("sealed-2", 1), (Alias(address),), self.second.newest
        made = Mailbox(SHARED, "sub-bea", address, aliases=aliases, grant=grant, cursor=cursor, links={HERE: link})
        internal = AddressEntry(internal={"user:bea": address})
        self.store.commit([Put(keys.mailbox(SHARED), made), Put(keys.address(HERE, address), internal)])
        self.clock.advance(minutes=5)

    def push_second(self) -> None:
        self.pushes += 1
        process_notification(self.ports, Notice(f"push-{self.pushes}", mailbox=SHARED))

    def figures(self) -> Conversation:
        key = keys.conversation(HERE, ContactId("bob"))
        found = self.store.read(key).value(key)
        assert found
        return found


@pytest.mark.parametrize("sent_first", [True, False])
def test_R34_a_colleagues_answer_is_outbound_whichever_copy_is_seen_first(sent_first: bool) -> None:
    """In the thread that both have, the copy that the colleague got is theirs too (R11)."""
    world = Office()
    question = letter(BOB, f"{ADA}, {BEA}", "Question", Message_ID="<q@client.example>")
    world.gmail.deliver(question, thread="t1")
    world.second.deliver(question, thread="t2")
    world.push()
    world.push_second()
    world.clock.advance(minutes=1)
    answer = letter(ADA, BOB, "Re: Question", Cc=BEA, Message_ID="<a@agency.example>")
    world.gmail.deliver(answer, labels=["SENT"], thread="t1")
    world.second.deliver(answer, thread="t2")
    if sent_first:
        world.push()
    world.push_second()
    world.push()
    (message,) = (one for one in world.messages() if one.subject == "Re: Question")
    assert (message.direction, message.status) == (Direction.OUTBOUND, Status.SENT)
    assert set(message.sources) == {world.mailbox_id, SHARED}
    assert (world.figures().message_count, world.figures().unread) == (2, 1)


def test_R17_a_mail_that_was_read_before_its_sent_copy_was_seen_is_not_counted_off_again() -> None:
    world = Office()
    world.second.deliver(letter(BOB, BEA, "Question"), thread="t2")
    answer = letter(ADA, BOB, "Re: Question", Cc=BEA, Message_ID="<a@agency.example>")
    name = world.second.deliver(answer, thread="t2")
    world.push_second()
    world.second.label(name, remove=["UNREAD"])
    world.push_second()
    world.gmail.deliver(answer, labels=["SENT"], thread="t1")
    world.push()
    assert (world.figures().message_count, world.figures().unread) == (2, 1)
