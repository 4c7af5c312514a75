"""The combinations: an outcome at Gmail, what Gmail keeps and tells, a strike at our own process, what comes after."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from tests.faults.sends.outcomes import OUTCOMES, Marker, Outcome, Session
from tests.faults.strikes import Mode


class Act(StrEnum):
    """What else happens to the send."""

    NOTHING = "nothing"
    SYNCED_FIRST = "synced-first"
    """The sync sees the copy before the call returns."""
    NEVER_SYNCED = "never-synced"
    DELETED = "deleted"
    """The user deletes the copy before the call returns."""
    DELETED_LATER = "deleted-later"
    GRANT_LOST = "grant-lost"
    """The password is changed while the call goes on."""
    GRANT_LOST_LATER = "grant-lost-later"
    DISCONNECTED = "disconnected"
    """The user disconnects once the first attempt has ended, however it did."""


class Shape(StrEnum):
    """What kind of mail it is."""

    PLAIN = "plain"
    REPLY = "reply"
    FILE = "file"
    ALIAS = "alias"
    SELF = "self"


class Redelivery(StrEnum):
    """How often the outbox's message comes again after the first attempt."""

    NONE = "none"
    ONCE = "once"
    TWICE = "twice"
    MEANWHILE = "meanwhile"
    """Also to another worker, while the first one is being called or stands still."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Our own process is struck at its operation of that number."""

    at: int
    mode: Mode


@dataclass(frozen=True, slots=True)
class Case:
    """One run. Its id says all that there is to know to play it again."""

    outcome: Outcome
    marker: Marker = Marker.PROVEN
    session: Session = Session.ANSWERS
    redelivery: Redelivery = Redelivery.ONCE
    act: Act = Act.NOTHING
    shape: Shape = Shape.PLAIN
    strike: Strike | None = None

    @property
    def id(self) -> str:
        struck = f"{self.strike.at}.{self.strike.mode.name.lower()}" if self.strike else "none"
        return f"{self.outcome.name}:{self.marker}:{self.session}:{self.redelivery}:{self.act}:{self.shape}:{struck}"


def named(text: str) -> Case:
    """The case of an id. Raises `ValueError` or `KeyError` for what is none."""
    outcome, marker, session, redelivery, act, shape, struck = text.split(":")
    at, _, mode = struck.partition(".")
    return Case(
        OUTCOMES[outcome],
        Marker(marker),
        Session(session),
        Redelivery(redelivery),
        Act(act),
        Shape(shape),
        Strike(int(at), Mode[mode.upper()]) if mode else None,
    )


EVIDENCE: Final = tuple(product(Marker, Session))


def unstruck() -> Iterator[Case]:
    """Every outcome with every evidence and redelivery; with every act; and as every kind of mail."""
    for outcome, (marker, session), redelivery in product(OUTCOMES.values(), EVIDENCE, Redelivery):
        if outcome.doubtful or redelivery is Redelivery.ONCE:
            yield Case(outcome, marker, session, redelivery)
    turning = 0
    for outcome in (one for one in OUTCOMES.values() if one.doubtful):
        for act in list(Act)[1:]:
            turning += 1
            marker, session = EVIDENCE[turning % len(EVIDENCE)]
            yield Case(outcome, marker, session, list(Redelivery)[turning % 4], act)
        for shape in list(Shape)[1:]:
            turning += 1
            marker, session = EVIDENCE[turning % len(EVIDENCE)]
            yield Case(outcome, marker, session, list(Redelivery)[turning % 4], shape=shape)


DENSE: Final = (
    "sent",
    "start-503",
    "send-cut",
    "send-stalled",
    "send-503",
    "send-429",
    "send-401",
    "send-cut-done",
    "send-stalled-done",
    "send-503-done",
    "send-429-done",
    "send-truncated-done",
    "accepted-ask-503",
    "late-4",
)
"""Outcomes at which every operation is struck in every mode also in the smaller matrix."""


def struck(outcome: Outcome, operations: int) -> Iterator[Case]:
    """That outcome with its operations struck; modes, evidence and redeliveries take turns where not all are played."""
    turning = sum(map(ord, outcome.name))
    for at in range(operations):
        modes = list(Mode) if outcome.name in DENSE else [list(Mode)[(turning + at) % len(Mode)]]
        for mode in modes:
            turning += 1
            marker, session = EVIDENCE[turning % len(EVIDENCE)]
            redelivery = list(Redelivery)[(turning // len(EVIDENCE)) % 4]
            yield Case(outcome, marker, session, redelivery, strike=Strike(at, mode))


def everything(outcome: Outcome, operations: int) -> Iterator[Case]:
    """That outcome with every operation struck in every mode, under every evidence and redelivery."""
    for at, mode, (marker, session), redelivery in product(range(operations), Mode, EVIDENCE, Redelivery):
        yield Case(outcome, marker, session, redelivery, strike=Strike(at, mode))


def answerable(case: Case) -> bool:
    """Whether it keeps to what is supposed of Gmail: of a session that tells nothing it accepts no mail any more ten
    minutes after the call was cut off."""
    return not (case.outcome.late and case.session is Session.MUTE and (case.strike or case.outcome.late >= 10))
