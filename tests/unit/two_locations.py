"""One user's mailbox in two locations that both have the contact, in memory, and what each of them does."""

from dataclasses import replace
from typing import Any

from shared.domain import keys
from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, MessageId, ThreadId
from shared.domain.message import Message, Source, Thread
from shared.ports.store import Put
from shared.usecases.accept_send import Accepted, Asked, accept_send, entry_id
from shared.usecases.receive_mail import receive_mail
from tests.unit.inbound import letter
from tests.unit.outbound import CARL, MAIL, USER, Outbound, json_part

THERE = LocationId("there")
SHARED = ThreadId("t-shared")


class TwoLocations(Outbound):
    """Ada's mailbox in `here` and `there`; Carl is a contact of both."""

    def __init__(self) -> None:
        super().__init__()
        self.location(THERE)
        self.link(THERE)
        self.contact("carl-there", CARL, THERE)

    def accept_there(self, mail: dict[str, Any] | None = None, *, key: str = "key-there") -> Accepted:
        """A send from the second location."""
        parts = [json_part({**MAIL, **(mail or {})})]
        received = receive_mail(parts, self.blobs, folder=f"there/{key}/{self.chance.token()}")
        asked = Asked(THERE, USER, key, draft_of(received.content or b""))
        return accept_send(asked, received, store=self.store, topics=self.topics, patience=self.patience)

    def entry_there(self, key: str = "key-there") -> MessageId:
        """The id of that send."""
        return entry_id(THERE, USER, key)

    def question(self) -> MessageId:
        """Carl writes, which both locations then have, under one id."""
        self.clock.advance(minutes=1)
        self.gmail.deliver(letter(CARL, subject="Question", Message_ID="<q@customer.example>"), thread=SHARED)
        self.push()
        return next(message.id for message in self.messages() if message.subject == "Question")

    def answers(self, subject: str = "Re: Question", thread: ThreadId = SHARED) -> None:
        """Carl writes once more."""
        self.clock.advance(minutes=1)
        self.gmail.deliver(letter(CARL, subject=subject), thread=thread)
        self.push()

    def thread(self, name: ThreadId = SHARED) -> Thread:
        key = keys.thread(self.mailbox_id, name)
        found = self.store.read(key).value(key)
        assert found
        return found

    def begun(self, message: Message) -> Thread:
        """The thread of a mail that went out."""
        return self.thread(self.source(message).thread_id)

    def source(self, message: Message) -> Source:
        (source,) = message.sources.values()
        return source

    def live_again(self, location: LocationId) -> None:
        """The connection ends and begins its next life."""
        links = self.mailbox.links
        link = replace(links[location], epoch=links[location].epoch + 1, connected_at=self.clock.now())
        self.store.commit([Put(keys.mailbox(self.mailbox_id), replace(self.mailbox, links={**links, location: link}))])

    def told(self, kind: str) -> list[tuple[str, object, object]]:
        """The events about claims: where, of which conversation, who has the thread."""
        events = {event.id: event for event in self.topics.announced if event.type == kind}.values()
        return sorted((event.location, event.details["conversation"], event.details["claimed"]) for event in events)
