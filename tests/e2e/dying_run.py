"""A run through the provider whose worker dies, as by SIGKILL, when it comes to a recipient of one's choice.

usage: python -m tests.e2e.dying_run LOCATION before|after NUMBER RECIPIENT..., in the function's environment

The bulk mail to these recipients is accepted here too, without a word to `outbox`, so that no other worker takes it up.
Prints its id. `before`: the line says that the call begins, and nothing was handed over; `after`: the server has the
mail, and nobody wrote that down.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.domain.addresses import Address
from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, MessageId, UserId
from shared.domain.provider import Provider
from shared.ports.form import FormPart
from shared.ports.gmail import MailStream
from shared.ports.provider import Answer, MailProvider, MailSession
from shared.usecases.accept_send import Asked, accept_send
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.receive_mail import receive_mail
from shared.wiring.delivery import delivery
from tests.e2e.dying_worker import DEAD
from tests.fakes.topics import FakeTopics


class DyingProvider:
    """The real provider; the process ends around the call for one recipient."""

    def __init__(self, inner: MailProvider, recipient: str, when: str) -> None:
        self.inner, self.recipient, self.when = inner, recipient, when

    def open(self, provider: Provider) -> "DyingSession":
        return DyingSession(self.inner.open(provider), self)


class DyingSession:
    def __init__(self, inner: MailSession, how: DyingProvider) -> None:
        self._inner, self._how = inner, how

    def send(self, sender: Address, recipients: Sequence[Address], mail: MailStream) -> Mapping[Address, Answer]:
        chosen = self._how.recipient in recipients
        if chosen and self._how.when == "before":
            os._exit(DEAD)
        answers = self._inner.send(sender, recipients, mail)
        if chosen:
            os._exit(DEAD)
        return answers

    def close(self) -> None:
        self._inner.close()


def accepted(location: str, recipients: Sequence[str]) -> MessageId:
    """A bulk mail that waits in the outbox."""
    ports = delivery()
    to = [{"address": one} for one in recipients]
    mail = {"kind": "bulk", "to": to, "subject": "From a dying worker", "text": "Once."}
    parts = [FormPart("mail", None, "application/json", None, iter([json.dumps(mail).encode()]))]
    received = receive_mail(parts, ports.blobs, folder=f"locations/{location}/outbox/dying")
    asked = Asked(LocationId(location), UserId("backend"), "dying", draft_of(received.content or b""), service=True)
    made = accept_send(
        asked, received, store=ports.store, topics=FakeTopics(), patience=ports.patience, default=ports.default
    )
    return made.id


def main(location: str, when: str, number: str, *recipients: str) -> None:
    name = accepted(location, recipients)
    sys.stdout.write(name)
    sys.stdout.flush()
    ports = delivery()
    assert ports.providers
    dying = replace(ports, providers=DyingProvider(ports.providers, recipients[int(number)], when))
    sys.stderr.write(f"survived: {deliver_entry(name, dying)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
