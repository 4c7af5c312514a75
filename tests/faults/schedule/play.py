"""One schedule as it is played: the acts so far, and what is looked at after each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from shared.domain.connection import ConnectionState
from shared.domain.message import Status
from tests.faults.schedule.cast import ACCOUNTS, SEATS, Cast, Sent
from tests.rules import oracle
from tests.unit.usecases.office import id_of


@dataclass(frozen=True)
class Act:
    """What may be done, with what, and when at all; `weight` times as often as others."""

    run: Callable[..., None]
    given: Mapping[str, st.SearchStrategy[Any]]
    when: Callable[["Play"], bool]
    weight: int
    changes: bool


ACTS: dict[str, Act] = {}


def act(
    *,
    weight: int = 1,
    when: Callable[["Play"], bool] = lambda _: True,
    changes: bool = False,
    **given: st.SearchStrategy[Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Something that may happen; `changes` what is decided about mail on its way."""

    def known(run: Callable[..., None]) -> Callable[..., None]:
        ACTS[run.__name__] = Act(run, given, when, weight, changes)
        return run

    return known


class Play(Cast):
    """What happens, act by act."""

    def do(self, name: str, **given: Any) -> None:
        """One act, if it is possible now, and all that is looked at after each."""
        chosen = ACTS[name]
        if not chosen.when(self):
            return
        self.steps.append((name, given))
        self.counts[name] += 1
        for email in ACCOUNTS:
            self.account(email).tokens.clear()
        self.expected.look()
        if chosen.changes:
            self.expected.unsettle()
        chosen.run(self, **given)
        self.looks()

    def looks(self) -> None:
        """Raises `AssertionError` for what must never be, not even for a moment."""
        self.reread()
        self.expected.look()
        self.expected.observe()
        self._reread_sends()
        self.expected.look()
        found = [*self.expected.faults, *self.plant.watched]
        found += [text for status, text in self.plant.answers[self.answers_seen :] if status == 500]
        self.answers_seen = len(self.plant.answers)
        assert not found, found

    def reread(self) -> None:
        """The connections as they are now."""
        for at, user in SEATS:
            now = self._connection(at, user)
            alive = now if now and now.state is ConnectionState.CONNECTED else None
            seen = (alive.address, alive.connected_at) if alive else None
            before = self.shown.get((at, user))
            if seen == before:
                continue
            if before:
                self.expected.unlinks(at, before[0])
            if seen:
                self.expected.links(at, seen[0], user, seen[1])
            self.shown[at, user] = seen

    def _reread_sends(self) -> None:
        for one in self.sent.values():
            message = self.plant.sent_message(one.id)
            if message is None or one.known_sent:
                continue
            source = message.sources.get(id_of(one.account))
            if message.status is Status.SENT and source and message.message_id:
                self._went(one, source.thread_id, message.message_id)
            elif message.status in {Status.FAILED, Status.UNKNOWN} and one.thread:
                self.expected.unsure_threads.add((one.account, one.thread))

    def _went(self, one: Sent, thread: str, message_id: str) -> None:
        """A mail of the CRM that is known to have gone out: those who have it may answer it."""
        one.known_sent, one.name = True, message_id.strip("<>").partition("@")[0]
        mail = {
            "name": one.name,
            "from": one.account,
            "to": [one.to],
            "cc": [],
            "bcc": [],
            "labels": {"SENT"},
            "at": self.plant.clock.now(),
            "forged": False,
            "thread": thread,
            "answers": one.answers,
        }
        known = oracle.thread_of(self.expected.world, one.account, thread)
        firm = known["claimed_by"] not in {None, one.at}
        if firm or self.connected(one.at, one.user) != one.account:
            self.expected.unsure_threads.add((one.account, thread))
        conversation = self.expected.homed(one.at, one.conversation)
        if not firm:
            oracle.crm_send(self.expected.world, one.at, one.account, mail, conversation)
        self.plant.threads[one.name, one.account] = thread

    def posts_at_last(self) -> None:
        """Tells the invariants which mail might have been read."""
        self.expected.conclude()
        self.plant.posts[:] = [replace(one, tempting=self.expected.tempting(one)) for one in self.plant.posts]
