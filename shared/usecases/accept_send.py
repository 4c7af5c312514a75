"""Accepts a mail for sending: once per idempotency key, within the limit, or not at all (R50, R53 to R55)."""

from contextlib import suppress
from dataclasses import dataclass

from shared.domain import keys
from shared.domain.draft import Draft, recipients, request_digest
from shared.domain.identifiers import ContactId, LocationId, MessageId, UserId, digest
from shared.domain.message import Body
from shared.domain.outbox import OutboxEntry
from shared.errors import Conflict, Rejected, Transient
from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.batch import Batch
from shared.usecases.contended import Patience
from shared.usecases.receive_mail import Received
from shared.usecases.write_letter import Writing, attachments, write_letter, written_bodies


@dataclass(frozen=True, slots=True)
class Asked:
    """A send as it came: whose, where, and under which idempotency key."""

    location: LocationId
    user: UserId
    key: str
    draft: Draft

    @property
    def entry(self) -> MessageId:
        """The entry's and the message's id, the same whenever the key comes again (F51)."""
        return entry_id(self.location, self.user, self.key)


def entry_id(location: LocationId, user: UserId, key: str) -> MessageId:
    """What a send with that idempotency key is called."""
    return MessageId(digest("send", location, user, key))


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer, now and whenever the key comes again."""

    id: MessageId
    conversation: ContactId
    warnings: tuple[str, ...]


def accept_send(asked: Asked, received: Received, *, store: Store, topics: Topics, patience: Patience) -> Accepted:
    """The mail is queued; or `Rejected`, with nothing kept and the key not used up.

    Publishing may fail: the entry's own time wakes it then.
    """
    acceptance = _Acceptance(asked, received, store, patience)
    try:
        entry = patience.until_committed(acceptance.attempt)
    except Exception:
        if not acceptance.unsure:
            received.discard()
        raise
    if entry.folder != received.folder:
        received.discard()
    with suppress(Transient):
        topics.deliver([entry.id])
    return Accepted(entry.id, entry.conversation, entry.warnings)


class _Acceptance:
    """One request's tries; `unsure` once a commit was asked for whose outcome is not known."""

    def __init__(self, asked: Asked, received: Received, store: Store, patience: Patience) -> None:
        self._asked, self._received, self._store, self._patience = asked, received, store, patience
        self._writing: Writing | None = None
        self._whole = Body()
        self.unsure = False

    def attempt(self) -> OutboxEntry:
        """The entry, made or found. Raises `Conflict` if something that it rests on was written meanwhile."""
        writing = self._writing = self._writing or self._prepared()
        batch = Batch(self._store)
        batch.load(writing.first_reads())
        if entry := batch.value(keys.outbox(self._asked.entry)):
            if entry.request_digest != writing.request_digest:
                raise Rejected("idempotency_key_reused", "This Idempotency-Key was used for another mail.")
            return entry
        made = write_letter(batch, writing, self._whole, now=self._patience.now())
        try:
            self._store.commit(batch.writes())
        except Transient as error:
            self.unsure = True
            raise Conflict("unknown outcome") from error
        return made

    def _prepared(self) -> Writing:
        draft = self._asked.draft
        if draft.kind != "individual":
            raise Rejected("invalid_request", "Only individual mail can be sent so far.")
        everybody = recipients(draft)
        self._whole, given, shown = written_bodies(draft, self._received)
        return Writing(
            location=self._asked.location,
            user=self._asked.user,
            entry=self._asked.entry,
            draft=draft,
            recipients=everybody,
            attachments=attachments(self._asked.entry, self._received, draft.html),
            given=given,
            shown=shown,
            request_digest=request_digest(draft, self._received.files),
            folder=self._received.folder,
        )
