"""What a plant is watched for while it works, and what can be seen of it from outside."""

from collections.abc import Sequence
from typing import Any

from shared.domain import keys
from shared.domain.identifiers import GmailId, LocationId, MessageId
from shared.domain.mailbox import Mailbox
from shared.domain.message import Message
from shared.ports.store import Query, Replace, Write
from shared.ports.world import Event
from tests.faults.processes import Processes
from tests.unit.usecases.office import id_of


class Watched(Processes):
    """Looks at every commit and every event."""

    def __init__(self, preset: str = "known_contacts", **settings: Any) -> None:
        self.cursors: dict[str, int] = {}
        super().__init__(preset, **settings)
        self.durable.store.after_commit = self._watch_cursors
        self.durable.queues.seen = self._watch_events

    # what is watched at every commit

    def _watch_events(self, events: Sequence[Event]) -> None:
        for event in events:
            path = keys.message(event.location, MessageId(str(event.details.get("message")))).path
            if event.type == "message.stored" and path not in self.durable.store.documents:
                self.watched.append(f"I1 {event.id} was told of before it was stored")

    def _watch_cursors(self, writes: Sequence[Write]) -> None:
        for write in writes:
            key = write.stored.key if isinstance(write, Replace) else write.key
            if key.kind is Mailbox:
                self._watch_cursor(key.path)

    def _watch_cursor(self, path: str) -> None:
        kept = self.durable.store.documents.get(path)
        cursor, before = kept[0].get("cursor", 0) if kept else 0, self.cursors.get(path, 0)
        if kept is None or cursor == before:
            return
        self.cursors[path] = cursor
        if cursor < before:
            self.watched.append(f"I5 the cursor went back from {before} to {cursor}")
        email = kept[0]["address"]
        for post in self.posts:
            behind = before < post.at_history.get(email, 0) <= cursor
            if behind and post.places and not self._settled(path, self.copies[post.letter.name][email]):
                self.watched.append(f"I5 the cursor passed {post.letter.name}, which is neither stored nor parked")

    def _settled(self, path: str, gmail_id: GmailId) -> bool:
        name, documents = path.rpartition("/")[2], self.durable.store.documents
        return f"gmail_ids/{name}_{gmail_id}" in documents or f"parked/{name}_{gmail_id}" in documents

    def sent_message(self, name: str) -> Message | None:
        """What an accepted mail is shown as."""
        return next((found for at in self.locations.values() if (found := self._message(MessageId(name), at))), None)

    def _message(self, name: MessageId, at: LocationId) -> Message | None:
        return self.durable.store.read(keys.message(at, name)).value(keys.message(at, name))

    def line_state(self, name: str, address: str) -> str:
        """How it stands with one recipient of a mail for the provider."""
        lines = self.durable.store.find(Query(keys.lines(MessageId(name)), limit=1000))
        return next((str(one.value.state) for one in lines if one.value.address == address), "none")

    def known_mailbox(self, email: str) -> Mailbox | None:
        """The account as the product has it."""
        return self.durable.store.read(keys.mailbox(id_of(email))).value(keys.mailbox(id_of(email)))
