"""Accepts a mail for sending: once per idempotency key, within the limit, or not at all (R50 to R55)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.domain import keys
from shared.domain.draft import Draft, recipients, request_digest
from shared.domain.identifiers import NO_TRACE, ContactId, LocationId, MessageId, TraceId, UserId, digest
from shared.domain.outbox import OutboxEntry
from shared.domain.provider import Provider
from shared.errors import Conflict, Rejected, Transient
from shared.ports.store import Store
from shared.ports.world import Topics
from shared.usecases.absence import found
from shared.usecases.batch import Batch
from shared.usecases.choose_sender import choose_sender
from shared.usecases.contended import Patience
from shared.usecases.receive_mail import Received
from shared.usecases.write_bulk import write_bulk
from shared.usecases.write_letter import write_letter
from shared.usecases.writing import Content, Writing, content


@dataclass(frozen=True, slots=True)
class Asked:
    """A send as it came: whose, where, and under which idempotency key; `service`: the CRM's backend's, no user's.

    `trace` is that of the request, kept with the mail.
    """

    location: LocationId
    user: UserId
    key: str
    draft: Draft
    service: bool = False
    trace: TraceId = NO_TRACE

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


def accept_send(
    asked: Asked,
    received: Received,
    *,
    store: Store,
    topics: Topics,
    patience: Patience,
    default: Provider | None = None,
) -> Accepted:
    """The mail is queued; or `Rejected`, with nothing kept and the key not used up.

    `default` is the provider of locations without one. Publishing may fail: the entry's own time wakes it then.
    """
    acceptance = _Acceptance(asked, received, store, patience, default)
    try:
        entry = patience.until_committed(acceptance.attempt)
    except Exception:
        if not acceptance.unsure:
            received.discard()
        raise
    if entry.folder != received.folder:
        received.discard()
    with suppress(Transient):
        topics.deliver({entry.id: entry.trace})
    return Accepted(entry.id, entry.conversation, entry.warnings)


class _Acceptance:
    """One request's tries; `unsure` once a commit was asked for whose outcome is not known."""

    def __init__(
        self, asked: Asked, received: Received, store: Store, patience: Patience, default: Provider | None
    ) -> None:
        self._asked, self._received, self._store, self._patience = asked, received, store, patience
        self._default = default
        self._content: tuple[str, Content] | None = None
        self.unsure = False

    def attempt(self) -> OutboxEntry:
        """The entry, made or found. Raises `Conflict` if something that it rests on was written meanwhile."""
        writing = self._writing()
        batch = Batch(self._store)
        batch.load(writing.first_reads())
        if entry := batch.value(keys.outbox(self._asked.entry)):
            if entry.request_digest != writing.request_digest:
                raise Rejected("idempotency_key_reused", "This Idempotency-Key was used for another mail.")
            return entry
        made = self._written(batch, writing, self._patience.now())
        try:
            self._store.commit(batch.writes())
        except Transient as error:
            self.unsure = True
            raise Conflict("unknown outcome") from error
        return made

    def _writing(self) -> Writing:
        asked = self._asked
        if asked.service and asked.draft.kind == "individual":
            raise Rejected("forbidden", "Individual mail is sent by the user whose mail it is.")
        return Writing(
            location=asked.location,
            user=asked.user,
            entry=asked.entry,
            draft=asked.draft,
            recipients=recipients(asked.draft),
            request_digest=request_digest(asked.draft, self._received.files),
            service=asked.service,
            trace=asked.trace,
        )

    def _written(self, batch: Batch, writing: Writing, now: datetime) -> OutboxEntry:
        location = found(batch.value(keys.location(writing.location)))
        sent_by = choose_sender(batch, writing, location, self._default)
        write = write_bulk if writing.draft.kind == "bulk" else write_letter
        return write(batch, writing, self._kept(sent_by.signature), location, sent_by, now=now)

    def _kept(self, signature: str) -> Content:
        """The content, made once for all tries with the same signature."""
        if self._content is None or self._content[0] != signature:
            made = content(self._asked.entry, self._asked.draft, self._received, signature=signature)
            self._content = signature, made
        return self._content[1]
