"""Writes how it stands with a parcel's recipients, and with the message that shows them, in one commit (F60, F61)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.domain import failures, keys, ledger
from shared.domain.composition import message_id
from shared.domain.ledger import Line, LineState, Parcel
from shared.domain.message import NOBODY, Failure, Message, Status, milliseconds
from shared.domain.outbox import OutboxEntry
from shared.errors import Conflict, Transient
from shared.ports.store import Store, Write
from shared.ports.world import Event
from shared.usecases.batch import Batch
from shared.usecases.contended import Patience
from shared.usecases.conversation_home import home
from shared.usecases.write_letter import alias_name, stage_alias

Lines = Mapping[int, Line]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one entry; `template` is its message, of which each contact's own is made, if it is there still."""

    entry: OutboxEntry
    template: Message | None
    store: Store
    patience: Patience

    def change(self, parcel: Parcel, change: Callable[[int, Line], Line]) -> Lines:
        """The parcel's lines as they are once each was changed and written; decided again if somebody wrote first.

        `change` must be happy to find its own work done: a commit whose answer was lost is looked at again.
        """

        def attempt() -> Lines:
            batch = Batch(self.store)
            batch.load(self._needed(parcel))
            lines = {at: self._line(batch, parcel, at) for at in parcel.numbers}
            made = {at: change(at, line) for at, line in lines.items()}
            for at, line in made.items():
                if line != lines[at]:
                    batch.put(keys.line(self.entry.id, at), line)
            if made != lines:
                self._show(batch, parcel, made)
            if writes := batch.writes():
                self._commit(writes)
            return made

        return self.patience.until_committed(attempt)

    def _commit(self, writes: Sequence[Write]) -> None:
        try:
            self.store.commit(writes)
        except Transient as error:
            raise Conflict("unknown outcome") from error

    def _needed(self, parcel: Parcel) -> Iterator[keys.Key[Any]]:
        """Everything that a change touches, for one round trip."""
        yield from (keys.line(self.entry.id, at) for at in parcel.numbers)
        if parcel.conversation != NOBODY and self.entry.sender:
            yield keys.message(self.entry.location, parcel.name)
            yield keys.contact(self.entry.location, parcel.conversation)
            yield keys.message(self.entry.location, alias_name(message_id(parcel.name, self.entry.sender)))

    def _line(self, batch: Batch, parcel: Parcel, at: int) -> Line:
        shown = parcel.name if parcel.conversation != NOBODY else ledger.UNSHOWN
        person = parcel.people[at - parcel.first]
        return batch.value(keys.line(self.entry.id, at)) or Line(person.address, shown)

    def _show(self, batch: Batch, parcel: Parcel, lines: Lines) -> None:
        if parcel.conversation == NOBODY or self.template is None:
            return
        key = keys.message(self.entry.location, parcel.name)
        have = batch.value(key)
        if have and have.purged:
            return
        message = have or self._made(parcel)
        status = ledger.status(line.state for line in lines.values())
        batch.put(key, replace(message, status=status, failure=_failure(status, lines)))
        whose = home(batch, self.entry.location, message.conversation)
        conversation = keys.conversation(self.entry.location, whose)
        changed = {"changed_ms": milliseconds(self.patience.now())}
        if have:
            batch.count(conversation, latest=changed)
            return
        stage_alias(batch, self.entry, message)
        latest = {"last_message_ms": milliseconds(self.entry.accepted_at), **changed}
        fields: dict[str, object] = {"id": whose, "subject": self.entry.subject}
        batch.count(conversation, fields=fields, latest=latest, message_count=1)

    def _made(self, parcel: Parcel) -> Message:
        """A contact's own message of a bulk mail."""
        assert self.template is not None  # noqa: S101 - the caller's condition, for the type checker
        assert self.entry.sender is not None  # noqa: S101 - no entry is accepted without one
        return replace(
            self.template,
            id=parcel.name,
            conversation=parcel.conversation,
            to=parcel.people,
            ambiguous=parcel.ambiguous,
            message_id=message_id(parcel.name, self.entry.sender),
            read=True,
            starred=False,
            bounces=(),
            sources={},
            run=self.entry.id,
        )

    def event(self, parcel: Parcel, lines: Lines) -> Event | None:
        """What became of a message that nothing more happens to by itself: the same event however often it is told."""
        states = {line.state for line in lines.values()}
        if parcel.conversation == NOBODY or not states or not states <= ledger.ENDED:
            return None
        status = ledger.status(states)
        attempt = max(line.attempt for line in lines.values())
        name = f"message.{status}"
        life = parcel.name if status is Status.SENT else f"{parcel.name}:{attempt}"
        details: dict[str, object] = {
            "message": parcel.name,
            "conversation": parcel.conversation,
            "status": str(status),
        }
        now, trace = self.patience.now(), self.entry.trace
        return Event(f"{name}:{life}", name, self.entry.location, now, details, trace)


def _failure(status: Status, lines: Lines) -> Failure | None:
    """The reason to show: that of the recipient, or how many of several it concerns."""
    wanted = {
        Status.FAILED: LineState.FAILED,
        Status.QUEUED: LineState.WAITING,
        Status.UNKNOWN: LineState.UNKNOWN,
    }.get(status)
    found = [line.failure for line in lines.values() if line.state is wanted and line.failure]
    if not found:
        return None
    if status is Status.FAILED and len(found) < len(lines):
        return failures.some_refused(len(found), len(lines))
    return min(found, key=lambda one: one.retry_at.timestamp() if one.retry_at else 0)
