"""Takes a mail that goes through the provider further: recipient by recipient, each exactly once (R51, F60, F61)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain import failures, keys, ledger
from shared.domain.ledger import Line, LineState, Parcel
from shared.domain.message import Failure
from shared.domain.outbox import EntryState, OutboxEntry
from shared.domain.outbox_steps import due, ended, requeued, too_old, wait
from shared.domain.provider import Provider
from shared.errors import Conflict, Gone, LeaseLost, Refused
from shared.ports.store import Replace, Stored
from shared.ports.world import Event
from shared.usecases.delivery import Delivery, Outcome
from shared.usecases.hand_over import HandOver, ProviderAway
from shared.usecases.keep_ledger import Ledger, Lines
from shared.usecases.ledger_pages import Page, page, pages
from shared.usecases.read_body import read_body
from shared.usecases.run_owners import owners, removed
from shared.usecases.write_letter import UNHEARD

LEASE = timedelta(seconds=240)
"""Longer than any one call may last, the time before it included."""
RENEW_AFTER = timedelta(seconds=30)


def deliver_run(stored: Stored[OutboxEntry], at: datetime, ports: Delivery) -> Outcome:
    """Whatever its state asks for. Raises `Conflict` if another worker was faster, `Transient`."""
    entry = stored.value
    if entry.state is EntryState.QUEUED:
        waits = entry.not_before is not None and entry.not_before > at
        return Outcome(entry.state, "not yet") if waits else _take_up(stored, ports)
    if entry.state in {EntryState.CLAIMED, EntryState.CALLING}:
        return _take_up(stored, ports) if due(entry, at) else Outcome(entry.state, "with another worker")
    left_by_a_retry = entry.settle_at is not None and due(entry, at)
    return _take_up(stored, ports) if left_by_a_retry else Outcome(entry.state, "ended")


def _take_up(stored: Stored[OutboxEntry], ports: Delivery) -> Outcome:
    entry, now = stored.value, ports.patience.now()
    place, message_key = keys.location(entry.location), keys.message(entry.location, entry.id)
    reading = ports.store.read(message_key, *owners(entry))
    location = reading.value(place)
    message = reading.value(message_key)
    claimed = replace(
        entry,
        state=EntryState.CLAIMED,
        attempt=entry.attempt + 1,
        claimed_at=now,
        not_before=None,
        settle_at=now + LEASE,
    )
    version = ports.store.commit([Replace(stored, claimed)])
    orderly = entry.state is not EntryState.CLAIMED
    template = message if message and not message.purged else None
    book = Ledger(claimed, template, ports.store, ports.patience)
    run = _Run(Stored(stored.key, claimed, version), book, ports, now, orderly)
    if location is None or removed(entry, reading):
        outcome = run.fail(failures.REMOVED)
    elif too_old(entry, now):
        outcome = run.fail(failures.EXPIRED)
    else:
        outcome = run.go(location.provider or ports.default)
    return replace(outcome, attempt=claimed.attempt)


@dataclass(slots=True)
class _Run:
    """One worker's way through the ledger."""

    stored: Stored[OutboxEntry]
    ledger: Ledger
    ports: Delivery
    began: datetime
    orderly: bool
    """Whether the run before it ended by itself, and so told what became of everybody whom it wrote to."""
    states: set[LineState] = field(default_factory=set)
    next_at: datetime | None = None
    out_of_time: bool = False
    removed: bool = False

    @property
    def entry(self) -> OutboxEntry:
        return self.stored.value

    def go(self, provider: Provider | None) -> Outcome:
        """Hands over what waits, until all is done, the provider takes no more, the time is up, or it is removed."""
        if provider is None or self.ports.providers is None:
            return self.fail(failures.NO_PROVIDER)
        if self.entry.as_provider not in {None, provider.sender.address}:
            return self.fail(failures.PROVIDER_CHANGED)
        try:
            body = read_body(self.entry.body, self.ports.blobs)
            with closing(HandOver(self.entry, body, self.ports.blobs, provider, self.ports.providers)) as way_out:
                self._walk(way_out)
        except ProviderAway:
            return self._wait(self.ports.patience.now() + wait(self.entry), away=True)
        except Refused as error:
            return self.fail(failures.provider_unusable(error.reason))
        except Gone:
            return self.fail(failures.FILE_LOST)
        except LeaseLost:
            return Outcome(self.entry.state, "with another worker")
        return self._walked()

    def _walked(self) -> Outcome:
        if self.removed:
            return self.fail(failures.REMOVED)
        if self.out_of_time:
            return self._hand_off()
        return self._wait(self.next_at) if self.next_at else self._end()

    def _walk(self, way_out: HandOver) -> None:
        for part in pages(self.entry, self.ports.store):
            events: list[Event] = []
            self.removed = removed(self.entry, self.ports.store.read(*owners(self.entry)))
            if self.removed:
                return
            try:
                self._hand_over(part, way_out, events)
            finally:
                self._tell(events)
            if self.out_of_time:
                return

    def _hand_over(self, part: Page, way_out: HandOver, events: list[Event]) -> None:
        for parcel in part.parcels:
            lines = self._settled(parcel, part.of(parcel))
            if wanted := self._ready(parcel, lines):
                spent = self.ports.patience.now() - self.began
                self.out_of_time = spent > self.ports.budget or self.ports.stopping()
                if self.out_of_time:
                    return
                self._renew()
                lines = way_out.take(parcel, wanted, self.ledger)
            self._note(parcel, lines, events)

    def _settled(self, parcel: Parcel, lines: Lines) -> Lines:
        """A call that another worker began and did not end is in doubt: its recipient is not written to again."""
        if not any(self._abandoned(line) for line in lines.values()):
            return lines
        return self.ledger.change(parcel, lambda _, line: self._doubted(line))

    def _abandoned(self, line: Line) -> bool:
        return line.state is LineState.CALLING and line.attempt != self.entry.attempt

    def _doubted(self, line: Line) -> Line:
        if not self._abandoned(line):
            return line
        attempt = self.entry.attempt
        return ledger.ended(line, LineState.UNKNOWN, attempt=attempt, failure=failures.UNKNOWN_AT_PROVIDER)

    def _ready(self, parcel: Parcel, lines: Lines) -> set[int]:
        """The lines whose turn it is; the mail goes to nobody else of the parcel."""
        now = self.ports.patience.now()
        return {at for at in parcel.numbers if at not in lines or ledger.may_go(lines[at], now)}

    def _note(self, parcel: Parcel, lines: Lines, events: list[Event]) -> None:
        self.states |= {line.state for line in lines.values()}
        times = [line.not_before for line in lines.values() if line.state is LineState.WAITING and line.not_before]
        self.next_at = min([*times, *([self.next_at] if self.next_at else [])], default=None)
        if self.orderly and not any(line.attempt == self.entry.attempt for line in lines.values()):
            return
        if len(lines) == len(parcel.people) and (event := self.ledger.event(parcel, lines)):
            events.append(event)

    def _tell(self, events: list[Event]) -> None:
        if events:
            self.ports.topics.announce(events)

    def _renew(self) -> None:
        """Keeps the claim; raises `LeaseLost` where it is another worker's by now."""
        now = self.ports.patience.now()
        if self.entry.settle_at and now < self.entry.settle_at - LEASE + RENEW_AFTER:
            return
        self._write(replace(self.entry, settle_at=now + LEASE))

    def _write(self, entry: OutboxEntry) -> None:
        try:
            version = self.ports.store.commit([Replace(self.stored, entry)])
        except Conflict as error:
            raise LeaseLost from error
        self.stored = Stored(self.stored.key, entry, version)

    def _wait(self, until: datetime, *, away: bool = False) -> Outcome:
        if away:
            busy = failures.provider_busy(until)
            for shown in self._shown():
                self.ledger.change(shown, lambda _, line: self._away(line, busy, until))
        waiting = requeued(self.entry, until) if away else self._progressed(until)
        return self._ended(waiting, "provider_busy")

    def _progressed(self, until: datetime) -> OutboxEntry:
        """Queued again after everybody who was due has been asked for: only vain attempts are counted."""
        return replace(requeued(self.entry, until), first_attempt=self.entry.attempt)

    def _shown(self) -> Iterator[Parcel]:
        """The parcel that the entry's own message shows."""
        shown = page(self.entry, self.entry.shown_line // ledger.ON_A_ROLL, self.ports.store)
        yield from (parcel for parcel in shown.parcels if parcel.name == self.entry.id)

    def _away(self, line: Line, failure: Failure, until: datetime) -> Line:
        if line.state is not LineState.WAITING:
            return line
        return ledger.put_off(line, until, attempt=self.entry.attempt, failure=failure)

    def _hand_off(self) -> Outcome:
        now = self.ports.patience.now()
        queued = replace(self._progressed(now), not_before=None, settle_at=now + UNHEARD)
        outcome = self._ended(queued, "goes on")
        self.ports.topics.deliver({self.entry.id: self.entry.trace})
        return outcome

    def _end(self) -> Outcome:
        return self._ended(ended(self.entry, ledger.end(self.states)), "")

    def _ended(self, entry: OutboxEntry, reason: str) -> Outcome:
        try:
            self._write(entry)
        except LeaseLost:
            return Outcome(self.entry.state, "with another worker")
        return Outcome(entry.state, reason)

    def fail(self, failure: Failure) -> Outcome:
        """Nobody who has not got the mail by now will get it: shown with the reason, to be sent again."""
        try:
            for part in pages(self.entry, self.ports.store):
                events: list[Event] = []
                for parcel in part.parcels:
                    self._renew()
                    lines = self.ledger.change(parcel, lambda _, line: self._failed(line, failure))
                    self._note(parcel, lines, events)
                self._tell(events)
        except LeaseLost:
            return Outcome(self.entry.state, "with another worker")
        outcome = self._end()
        return replace(outcome, reason=failure.code)

    def _failed(self, line: Line, failure: Failure) -> Line:
        line = self._doubted(line)
        if line.state is not LineState.WAITING:
            return line
        return ledger.ended(line, LineState.FAILED, attempt=self.entry.attempt, failure=failure)
