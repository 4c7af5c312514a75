"""A mail provider in memory, which fails as the sandbox's can be told to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.addresses import Address
from shared.domain.provider import Provider
from shared.errors import Doubtful, Refused, Transient
from shared.ports.gmail import MailStream
from shared.ports.provider import Answer, Verdict
from tests.sandbox.provider_faults import ProviderFault


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail as it was accepted."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    raw: bytes


@dataclass
class FakeProvider:
    """`closed` is raised instead of a session; `before` may raise or look around at each call."""

    taken: list[Taken] = field(default_factory=list)
    faults: list[ProviderFault] = field(default_factory=list)
    opened: list[Provider] = field(default_factory=list)
    closed: Exception | None = None
    before: Callable[[Sequence[str]], None] = lambda _: None

    def open(self, provider: Provider) -> "FakeSession":
        if self.closed:
            raise self.closed
        self.opened.append(provider)
        return FakeSession(self)

    def struck(self, step: str, recipients: Sequence[str]) -> ProviderFault | None:
        return next((fault for fault in self.faults if fault.strikes(step, list(recipients))), None)


class FakeSession:
    def __init__(self, provider: FakeProvider) -> None:
        self._provider = provider

    def send(self, sender: Address, recipients: Sequence[Address], mail: MailStream) -> Mapping[Address, Answer]:
        self._provider.before(recipients)
        fault = self._provider.struck("mail", [])
        if fault and 500 <= fault.status < 600:
            raise Refused("sender", "refused")
        if fault:
            raise Transient("provider: MAIL")
        answers = {one: self._named(one) for one in recipients}
        reached = [one for one, answer in answers.items() if answer.verdict is Verdict.ACCEPTED]
        if not reached:
            return answers
        raw = b"".join(mail.open_at(0))
        assert len(raw) == mail.size
        fault = self._provider.struck("end", reached)
        if fault and fault.drop == "before":
            raise Doubtful("cut")
        if fault and fault.status:
            return {**answers, **dict.fromkeys(reached, _answer(fault))}
        self._provider.taken.append(Taken(sender, tuple(reached), raw))
        if fault and fault.drop:
            raise Doubtful("cut")
        return answers

    def _named(self, recipient: Address) -> Answer:
        fault = self._provider.struck("rcpt", [recipient])
        if fault and (fault.drop or fault.status == 421):
            raise Transient("provider: gone")
        return _answer(fault) if fault else Answer(Verdict.ACCEPTED)

    def close(self) -> None:
        return None


def _answer(fault: ProviderFault) -> Answer:
    verdict = Verdict.DEFERRED if fault.status < 500 else Verdict.REFUSED
    return Answer(verdict, f"({fault.status} {fault.text or 'Not now'})")
