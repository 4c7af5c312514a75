"""One more process that does what a function does, at the same instant as others that wait for the same line.

usage: python -m tests.e2e.faults.racing_worker sync NUMBER ADDRESS | send LOCATION USER RECIPIENT COUNT

In the function's environment. Says `ready`, waits for a line (for `sync` the history id), works, and prints what came
of it.
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.domain.addresses import Address
from shared.domain.draft import draft_of
from shared.domain.identifiers import LocationId, UserId
from shared.errors import Rejected, Transient
from shared.ports.form import FormPart
from shared.usecases.accept_send import Asked, accept_send
from shared.usecases.process_notification import Notice, process_notification
from shared.usecases.receive_mail import receive_mail
from shared.wiring.delivery import delivery
from shared.wiring.sync import sync_ports

Work = Callable[[str], list[str]]


def sync(number: str, address: str) -> Work:
    """A push for a mailbox."""
    ports = sync_ports()

    def work(told: str) -> list[str]:
        notice = Notice(f"racing-{number}", address=Address(address), history_id=int(told))
        try:
            return [process_notification(ports, notice).ending]
        except Transient as trouble:
            return [trouble.reason]

    return work


def send(location: str, user: str, recipient: str, count: str) -> Work:
    """Mails that are all to be accepted at once."""
    ports = delivery()
    mail = json.dumps({"to": [{"address": recipient}], "subject": "One of many", "text": "Hello"}).encode()

    def one(number: int) -> str:
        parts = [FormPart("mail", None, "application/json", None, iter([mail]))]
        received = receive_mail(parts, ports.blobs, folder=f"locations/{location}/outbox/racing/{number}")
        asked = Asked(LocationId(location), UserId(user), f"racing-{number}", draft_of(mail))
        try:
            return accept_send(asked, received, store=ports.store, topics=ports.topics, patience=ports.patience).id
        except Rejected as refused:
            return refused.code

    def work(_: str) -> list[str]:
        with ThreadPoolExecutor(int(count)) as pool:
            return list(pool.map(one, range(int(count))))

    return work


def main(what: str, *arguments: str) -> None:
    kinds: dict[str, Callable[..., Work]] = {"sync": sync, "send": send}
    work = kinds[what](*arguments)
    print("ready", flush=True)
    print(json.dumps(work(sys.stdin.readline().strip())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
