"""Workers that die on the running stack, and what the others then make of it."""

import os
import subprocess
import sys

import pytest

from tests.e2e.dying_worker import DEAD
from tests.e2e.driver import Office, until
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.settings import environment
from tests.sandbox.stack import Stack


def at_rest(office: Office) -> None:
    """The stack's own workers have nothing left to do with the mailbox for the next hour."""
    office.stored(office.arrives("Before")["id"])
    then = office.gmail.advance(10)

    def idle() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return str(office.crm.connection()["last_synced_at"]) > then

    until(idle, every_s=0.3, what="the last look at the mailbox")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [0, 1, 2], ids=["claim", "chunk", "cursor"])
def test_f07_a_worker_that_dies_at_any_commit_loses_nothing_and_doubles_nothing(
    stack: Stack, office: Office, when: str, number: int
) -> None:
    at_rest(office)
    office.gmail.pushes(lose=1000)
    arrived = [office.arrives(f"Number {one}") for one in range(3)]
    stranger = office.arrives("From a stranger", sender="stranger@elsewhere.example")
    command = [sys.executable, "-m", "tests.e2e.dying_worker", office.mailbox, stranger["historyId"], when, str(number)]
    settings = {**os.environ, **environment(stack.plan, "process_history")}
    died = subprocess.run(command, cwd=REPOSITORY, env=settings, capture_output=True, timeout=60, check=False)
    assert died.returncode == DEAD, died.stderr.decode()
    office.gmail.end_pushes()
    office.gmail.advance(3_700)

    def whole() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return len(office.crm.messages(office.contact)) == len(arrived) + 1

    until(whole, within_s=30, every_s=0.3, what="all messages")
    office.decided(stranger["id"], "left_out")
    (conversation,) = office.crm.conversations()
    assert conversation["message_count"] == conversation["unread"] == len(arrived) + 1
    settled = until(lambda: office.crm.connection()["coverage"] == 100, what="full coverage")
    assert settled

    def told() -> bool:
        events = office.endpoints.happened("message.stored", office.location)
        return len({event["id"] for event in events}) == len(arrived) + 1

    until(told, what="one event for each message")
