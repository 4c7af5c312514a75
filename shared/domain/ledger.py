"""The ledger of a mail that goes through the provider: one line a recipient, so that each gets it once (F60, F61)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.addresses import Address, Person
from shared.domain.identifiers import ContactId, MessageId, digest
from shared.domain.message import NOBODY, Failure, Status
from shared.domain.outbox import EntryState, OutboxEntry

ON_A_ROLL: Final = 100
MOST_AMBIGUOUS: Final = 20
FIRST_WAIT: Final = timedelta(seconds=60)
LONGEST_WAIT: Final = timedelta(hours=1)


UNSHOWN: Final = MessageId("")
"""The message of somebody who is no contact."""


class LineState(StrEnum):
    """`calling` is written directly before the call that could send; found so by another worker, it is in doubt."""

    WAITING = "waiting"
    CALLING = "calling"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


ENDED: Final = frozenset({LineState.SENT, LineState.FAILED, LineState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Line:
    """How it stands with one recipient; `message` is what shows it, none for somebody who is no contact.

    `attempt` is the entry's in which the line was last written, `tries` how often the provider was asked.
    """

    address: Address
    message: MessageId = UNSHOWN
    state: LineState = LineState.WAITING
    attempt: int = 0
    tries: int = 0
    not_before: datetime | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Rolled:
    """A recipient of a bulk mail, and whose conversation shows it."""

    person: Person
    conversation: ContactId = NOBODY
    ambiguous: tuple[ContactId, ...] = ()


@dataclass(frozen=True, slots=True)
class Roll:
    """Some of a bulk mail's recipients, in their order; written once."""

    people: tuple[Rolled, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed over in one piece: its letter's name, the numbers of its lines, and to whom it goes.

    A bulk mail has one for each recipient, any other mail a single one.
    """

    name: MessageId
    first: int
    people: tuple[Person, ...]
    conversation: ContactId
    ambiguous: tuple[ContactId, ...] = ()

    @property
    def numbers(self) -> range:
        """The numbers of its lines."""
        return range(self.first, self.first + len(self.people))


def rolls(people: Iterable[Rolled]) -> Iterator[Roll]:
    """The recipients of a bulk mail in documents of bounded size."""
    everybody = list(people)
    for at in range(0, len(everybody), ON_A_ROLL):
        yield Roll(tuple(everybody[at : at + ON_A_ROLL]))


def parcel_of(entry: OutboxEntry) -> Parcel:
    """The one parcel of a mail that all of its recipients see."""
    return Parcel(entry.id, 0, (*entry.to, *entry.cc, *entry.bcc), entry.conversation)


def parcels_of(entry: OutboxEntry, roll: Roll, number: int) -> Iterator[Parcel]:
    """The parcels of a bulk mail's roll with that number; the first contact's has the entry's own name."""
    for at, one in enumerate(roll.people, number * ON_A_ROLL):
        yield Parcel(parcel_name(entry, at), at, (one.person,), one.conversation, one.ambiguous)


def parcel_name(entry: OutboxEntry, number: int) -> MessageId:
    """What a bulk mail's letter to one recipient is called: in the store, and in its Message-ID."""
    return entry.id if number == entry.shown_line else MessageId(digest("line", entry.id, str(number)))


def begun(line: Line, *, attempt: int) -> Line:
    """Written directly before the call."""
    return replace(line, state=LineState.CALLING, attempt=attempt, tries=line.tries + 1, not_before=None, failure=None)


def ended(line: Line, state: LineState, *, attempt: int, failure: Failure | None = None) -> Line:
    """Nothing more happens by itself."""
    return replace(line, state=state, attempt=attempt, not_before=None, failure=failure)


def put_off(line: Line, until: datetime, *, attempt: int, failure: Failure | None = None) -> Line:
    """Certainly not sent; tried again from then on."""
    return replace(line, state=LineState.WAITING, attempt=attempt, not_before=until, failure=failure)


def wait(line: Line) -> timedelta:
    """Until the next try: ever longer, as greylisting wants it."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(max(line.tries - 1, 0), 10)))


def may_go(line: Line, now: datetime) -> bool:
    """Whether it is its turn."""
    return line.state is LineState.WAITING and (line.not_before is None or line.not_before <= now)


def end(states: Iterable[LineState]) -> EntryState:
    """How a run ends that has nothing more to do."""
    present = set(states)
    return next((made for state, made in _ENDS if state in present), EntryState.SENT)


def status(states: Iterable[LineState]) -> Status:
    """What a message shows whose recipients stand so: whatever needs its user most."""
    present = set(states)
    return next((told for state, told in _SHOWN if state in present), Status.QUEUED)


_ENDS: Final = (
    (LineState.UNKNOWN, EntryState.UNKNOWN),
    (LineState.FAILED, EntryState.FAILED),
)
_SHOWN: Final = (
    (LineState.CALLING, Status.SENDING),
    (LineState.WAITING, Status.QUEUED),
    (LineState.UNKNOWN, Status.UNKNOWN),
    (LineState.FAILED, Status.FAILED),
    (LineState.SENT, Status.SENT),
)
