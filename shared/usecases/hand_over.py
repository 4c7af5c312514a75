"""Hands one parcel to the provider: written as `calling` directly before, and then as what came of it (F60)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain import failures, ledger
from shared.domain.addresses import Address
from shared.domain.composition import Composition, compose
from shared.domain.ledger import Line, LineState, Parcel
from shared.domain.letters import letter_of
from shared.domain.message import Body
from shared.domain.outbox import QUEUE_AT_MOST, OutboxEntry
from shared.domain.provider import Provider
from shared.errors import Doubtful, LeaseLost, Transient
from shared.ports.provider import Answer, MailProvider, MailSession, Verdict
from shared.ports.world import Blobs
from shared.usecases.contended import Patience
from shared.usecases.keep_ledger import Ledger, Lines

MOST_BREAKS: Final = 3
"""Sessions that break one after the other, before the whole run waits."""


AT_ONCE: Final = timedelta(seconds=10)


class ProviderAway(Exception):
    """The provider takes nothing at the moment: the whole run waits."""


class HandOver:
    """One worker's session at the provider, opened when it is first needed and again when it breaks."""

    def __init__(self, entry: OutboxEntry, body: Body, blobs: Blobs, provider: Provider, providers: MailProvider):
        self._entry, self._body, self._blobs = entry, body, blobs
        self._provider, self._providers = provider, providers
        self._session: MailSession | None = None
        self._breaks = 0

    def take(self, parcel: Parcel, wanted: set[int], ledger_of: Ledger) -> Lines:
        """One call for the lines that are wanted. Raises `ProviderAway`, `Refused`, `Gone`, and `LeaseLost`."""
        session, used = self._opened()
        begun = ledger_of.change(parcel, lambda at, line: self._begun(line) if at in wanted else line)
        mine = {at: line for at, line in begun.items() if at in wanted}
        try:
            answers = self._sent(session, parcel, mine, ledger_of.patience, again=used)
        except Doubtful:
            self._broken()
            made = ledger_of.change(parcel, lambda at, line: self._doubted(line) if at in wanted else line)
        except Exception as error:
            self._broken()
            until = ledger_of.patience.now() + min(map(ledger.wait, mine.values()))
            made = ledger_of.change(parcel, lambda at, line: self._back(line, until) if at in wanted else line)
            if not isinstance(error, Transient):
                raise
        else:
            self._breaks = 0
            now = ledger_of.patience.now()
            return ledger_of.change(
                parcel, lambda at, line: self._answered(line, answers, now) if at in wanted else line
            )
        if self._breaks >= MOST_BREAKS:
            raise ProviderAway
        return made

    def _broken(self) -> None:
        self._session = None
        self._breaks += 1

    def _opened(self) -> tuple[MailSession, bool]:
        if self._session:
            return self._session, True
        try:
            self._session = self._providers.open(self._provider)
        except Transient as error:
            raise ProviderAway from error
        return self._session, False

    def _sent(
        self, session: MailSession, parcel: Parcel, lines: Lines, patience: Patience, *, again: bool
    ) -> Mapping[Address, Answer]:
        """Asked once more, over a new session, only where one that had been in use was broken: nobody got it then.

        Not if that was long in coming: the claim is to outlast the call.
        """
        mail, began = self._composed(parcel), patience.now()
        recipients = [line.address for line in lines.values()]
        try:
            return session.send(self._provider.sender.address, recipients, mail)
        except Transient:
            if not again or patience.now() - began > AT_ONCE:
                raise
        self._session = None
        session, _ = self._opened()
        return session.send(self._provider.sender.address, recipients, mail)

    def _composed(self, parcel: Parcel) -> Composition:
        """The letter: without Bcc, whose people are named to the server alone; in a bulk mail, to one person alone."""
        letter = letter_of(
            self._entry, self._body, marker="", read=lambda name, start: self._blobs.read(name, start=start)
        )
        to = parcel.people if self._entry.kind == "bulk" else letter.to
        return compose(replace(letter, entry=parcel.name, to=to, bcc=()))

    def _begun(self, line: Line) -> Line:
        if line.state is LineState.CALLING and line.attempt == self._entry.attempt:
            return line
        if line.state is not LineState.WAITING:
            raise LeaseLost
        return ledger.begun(line, attempt=self._entry.attempt)

    def _doubted(self, line: Line) -> Line:
        if line.state is not LineState.CALLING:
            return line
        return ledger.ended(line, LineState.UNKNOWN, attempt=self._entry.attempt, failure=failures.UNKNOWN_AT_PROVIDER)

    def _back(self, line: Line, until: datetime) -> Line:
        if line.state is not LineState.CALLING or line.attempt != self._entry.attempt:
            return line
        return ledger.put_off(line, until, attempt=self._entry.attempt, failure=failures.provider_busy(until))

    def _answered(self, line: Line, answers: Mapping[Address, Answer], now: datetime) -> Line:
        """What the server said counts, whatever somebody else wrote meanwhile who could not know it."""
        if line.state is LineState.SENT:
            return line
        answer, attempt = answers[line.address], self._entry.attempt
        if answer.verdict is Verdict.ACCEPTED:
            return ledger.ended(line, LineState.SENT, attempt=attempt)
        if line.attempt != attempt:
            return line
        if answer.verdict is Verdict.REFUSED:
            failure = failures.recipient_refused(answer.said)
            return ledger.ended(line, LineState.FAILED, attempt=attempt, failure=failure)
        until = now + ledger.wait(line)
        if until > (self._entry.queued_at or self._entry.accepted_at) + QUEUE_AT_MOST:
            failure = failures.recipient_refused(answer.said)
            return ledger.ended(line, LineState.FAILED, attempt=attempt, failure=failure)
        return ledger.put_off(line, until, attempt=attempt, failure=failures.provider_busy(until, answer.said))

    def close(self) -> None:
        """Ends the session, with a goodbye."""
        if self._session:
            self._session.close()
        self._session = None
