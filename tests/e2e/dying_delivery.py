"""A delivery on the stack's own services whose worker dies, as by SIGKILL, at a commit of one's choice.

usage: python -m tests.e2e.dying_delivery LOCATION USER RECIPIENT before|after NUMBER [TRACE], in the function's
environment

The mail is accepted here too, without a word to `outbox`, so that no other worker takes it up. Prints its id.
"""

import json
import sys
from dataclasses import replace

from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, MessageId, TraceId, UserId
from shared.ports.form import FormPart
from shared.usecases.accept_send import Asked, accept_send
from shared.usecases.deliver_entry import deliver_entry
from shared.usecases.receive_mail import receive_mail
from shared.wiring.delivery import delivery
from tests.e2e.dying_worker import DyingStore
from tests.fakes.topics import FakeTopics


def accepted(location: str, user: str, recipient: str, trace: str) -> MessageId:
    """A mail that waits in the outbox."""
    ports = delivery()
    mail = {"to": [{"address": recipient}], "subject": "From a dying worker", "text": "Once."}
    parts = [FormPart("mail", None, "application/json", None, iter([json.dumps(mail).encode()]))]
    received = receive_mail(parts, ports.blobs, folder=f"locations/{location}/outbox/dying")
    draft = draft_of(received.content or b"")
    asked = Asked(LocationId(location), UserId(user), "dying", draft, trace=TraceId(trace))
    return accept_send(asked, received, store=ports.store, topics=FakeTopics(), patience=ports.patience).id


def main(location: str, user: str, recipient: str, when: str, number: str, trace: str = "") -> None:
    name = accepted(location, user, recipient, trace)
    sys.stdout.write(name)
    sys.stdout.flush()
    ports = delivery()
    outcome = deliver_entry(name, replace(ports, store=DyingStore(ports.store, when, int(number))))
    sys.stderr.write(f"survived: {outcome}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
