"""Plays one case to its end and says what became of the send, and what of that must not be."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from shared.domain.identifiers import MessageId
from shared.domain.outbox import EntryState, OutboxEntry
from shared.errors import Transient
from shared.ports.form import FormPart
from shared.usecases.accept_send import Accepted
from tests.faults.sends.cases import Act, Case, Redelivery, Shape
from tests.faults.sends.desk import Desk
from tests.faults.sends.ground import Ground
from tests.faults.sends.outcomes import START, Marker, Session
from tests.faults.strikes import Died
from tests.unit.outbound import CARL, file_part

FILE = b"0123456789abcdef" * 25_000
ENDED = {EntryState.SENT, EntryState.FAILED, EntryState.UNKNOWN}
QUIET = {Act.NOTHING, Act.SYNCED_FIRST}
BEYOND = timedelta(seconds=151)
"""After which nobody believes in a worker any more that is being called."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it.

    `accepted`: Gmail had the mail when the first worker was done; `lost`: and nobody here had been told, or only by the
    session. `answerable`: marker or session answer, and nobody ends the connection or deletes the copy. `missing`: the
    evidence is not to be had. `state` is how it ended by itself, `settled` how after its user was asked; `copies` are
    all that ever left, in that many upload sessions.
    """

    case: Case
    state: EntryState
    settled: EntryState
    copies: int
    sessions: int
    accepted: bool
    lost: bool
    answerable: bool
    missing: bool
    operations: tuple[str, ...]
    wrong: tuple[str, ...]


def play(ground: Ground, case: Case) -> Verdict:
    """One run, on an account of its own."""
    desk = Desk(ground, case.marker, case.session, stalls=case.outcome.stalls)
    try:
        return _Play(desk, case).verdict()
    finally:
        ground.release(go=False)


class _Play:
    def __init__(self, desk: Desk, case: Case) -> None:
        self._desk, self._case = desk, case
        desk.syncing = case.act is not Act.NEVER_SYNCED
        desk.fate.others = self._meanwhile
        desk.around = self._around(case.act)
        self._name = MessageId("")
        self._under_way = False

    def verdict(self) -> Verdict:
        desk, case = self._desk, self._case
        more = self._mail()
        desk.ground.fault(desk.account, case.outcome.rules, case.session)
        if case.strike:
            desk.fate.chosen[case.strike.at] = case.strike.mode
        desk.fate.counting = True
        self._accept(more)
        self._first_attempt()
        desk.fate.counting = False
        desk.fate.disarm()
        accepted, told = bool(desk.account.left), desk.entry(self._name).state is EntryState.SENT
        self._afterwards()
        desk.pass_time(self._name)
        ended, copies = desk.entry(self._name), len(desk.account.left)
        state, missing = ended.state, self._missing(ended, copies)
        desk.user_settles(self._name)
        desk.pass_time(self._name)
        settled = desk.entry(self._name).state
        return Verdict(
            case,
            state,
            settled,
            len(desk.account.left),
            sessions=desk.ground.calls(desk.account, START),
            accepted=accepted,
            lost=accepted and (not told or case.outcome.family == "accepted, answer lost"),
            answerable=case.act in QUIET and (case.session is Session.ANSWERS or case.marker is not Marker.DROPPED),
            missing=missing,
            operations=tuple(desk.fate.names),
            wrong=self._wrong(state, settled, copies, missing=missing),
        )

    def _mail(self) -> tuple[dict[str, object], tuple[FormPart, ...]]:
        desk = self._desk
        match self._case.shape:
            case Shape.PLAIN:
                return {}, ()
            case Shape.REPLY:
                return {"subject": "Re: A question", "reply_to": desk.question()}, ()
            case Shape.FILE:
                return {}, (file_part("a.bin", FILE),)
            case Shape.ALIAS:
                return {"from": desk.account.account.aliases[0].address}, ()
            case Shape.SELF:
                return {"to": [{"address": CARL}, {"address": desk.account.email}]}, ()

    def _accept(self, more: tuple[dict[str, object], tuple[FormPart, ...]]) -> None:
        """The client asks again under the same key until it is answered."""
        fields, files = more
        for _ in range(4):
            with suppress(Transient, Died):
                self._name = self._accepted(fields, files).id
                return
            self._desk.fate.dead = False
        raise AssertionError("not accepted")

    def _accepted(self, fields: dict[str, object], files: tuple[FormPart, ...]) -> Accepted:
        desk = self._desk
        desk.store, desk.topics, desk.blobs = desk.first.store, desk.first.topics, desk.first.blobs  # type: ignore[assignment]
        try:
            return desk.accept(fields, *files)
        finally:
            desk.store, desk.topics, desk.blobs = desk.raw

    def _first_attempt(self) -> None:
        """The first worker gets the outbox's message, if it was published."""
        desk = self._desk
        if self._name not in desk.topics.delivered:
            return
        desk.topics.delivered.clear()
        self._under_way = True
        with suppress(Transient, Died):
            desk.work(self._name)
        self._under_way, desk.fate.dead = False, False

    def _meanwhile(self) -> None:
        """The first worker stands still: the message comes again at once, and when nobody believes in it any more."""
        desk = self._desk
        desk.fate.counting = False
        if self._under_way and self._case.redelivery is Redelivery.MEANWHILE:
            desk.redeliver(self._name)
        desk.clock.time += BEYOND
        if self._under_way and self._case.redelivery is not Redelivery.NONE:
            desk.redeliver(self._name)
            desk.pass_time(self._name, at_most=timedelta(minutes=20))
        desk.fate.counting = True

    def _around(self, act: Act) -> Callable[[], None]:
        desk = self._desk
        others: dict[Act, Callable[[], None]] = {
            Act.SYNCED_FIRST: desk.sync,
            Act.DELETED: lambda: desk.ground.delete_sent(desk.account),
            Act.GRANT_LOST: lambda: desk.ground.password_changed(desk.account),
        }
        happens = others.get(act, lambda: None)

        def around() -> None:
            counting, desk.fate.counting = desk.fate.counting, False
            happens()
            if self._case.redelivery is Redelivery.MEANWHILE:
                desk.redeliver(self._name)
            desk.fate.counting = counting

        return around

    def _afterwards(self) -> None:
        desk, case = self._desk, self._case
        if case.act is Act.DELETED_LATER:
            desk.ground.delete_sent(desk.account)
        if case.act is Act.GRANT_LOST_LATER:
            desk.ground.password_changed(desk.account)
        if case.act is Act.DISCONNECTED:
            desk.disconnects()
        if case.redelivery in {Redelivery.ONCE, Redelivery.TWICE}:
            desk.redeliver(self._name)
        if case.redelivery is Redelivery.TWICE:
            desk.clock.advance(seconds=20)
            desk.redeliver(self._name)
        if case.outcome.late:
            desk.pass_time(self._name, at_most=timedelta(minutes=case.outcome.late))
            desk.clock.advance(seconds=30)
            desk.ground.release(go=True)
        desk.cuts_off = case.outcome.stalls

    def _missing(self, ended: OutboxEntry, copies: int) -> bool:
        """Whether nobody could tell: nothing answers, and there is no proof of absence, nor a copy to meet."""
        case = self._case
        if case.act in {Act.GRANT_LOST, Act.GRANT_LOST_LATER, Act.DISCONNECTED} or not self._desk.mailbox.usable:
            return True
        if case.session is Session.ANSWERS:
            return case.outcome.late > 0
        if copies:
            unmet = case.act in {Act.NEVER_SYNCED, Act.DELETED, Act.DELETED_LATER}
            return unmet or case.marker is Marker.DROPPED
        if case.session is Session.FORGETS:
            return case.outcome.late > 0
        seen = ended.call_ended_at is not None and not ended.unseen
        return not (seen and case.marker is Marker.PROVEN and case.act is not Act.NEVER_SYNCED)

    def _wrong(self, state: EntryState, settled: EntryState, copies: int, *, missing: bool) -> tuple[str, ...]:
        found = []
        if (at_last := len(self._desk.account.left)) > 1:
            found.append(f"{at_last} copies")
        if state is EntryState.SENT and not copies:
            found.append("sent, it says, but nothing left")
        if state not in ENDED or settled not in ENDED:
            found.append(f"never ends: {state}, {settled}")
        if state is EntryState.FAILED and copies:
            found.append("failed, it says, but it was sent")
        if state is EntryState.UNKNOWN and not missing:
            found.append("unknown, though the evidence is there")
        shown = self._desk.shown(self._name).status
        if str(shown) != str(settled):
            found.append(f"shown as {shown}, but is {settled}")
        return tuple(found)
