"""Workers that die on the running stack, and what the others then make of it."""

import os
import subprocess
import sys

import pytest

from tests.e2e.driver import Office, until
from tests.e2e.dying_worker import DEAD
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.settings import environment
from tests.sandbox.stack import Stack

ATTEMPTS = 3


def at_rest(office: Office) -> None:
    """The stack's own workers have nothing left to do with the mailbox for the next hour."""
    office.stored(office.arrives("Before")["id"])
    # Beyond the hourly look too: the one after the mail may be over already where the machine is busy.
    then = office.gmail.advance(3_700)

    def idle() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return str(office.crm.connection()["last_synced_at"]) > then

    until(idle, every_s=0.5, what="the last look at the mailbox")


def died(stack: Stack, mailbox: str, history_id: str, when: str, number: int) -> bool:
    """Whether the worker came to die; one of the stack's own may have been there before it."""
    command = [sys.executable, "-m", "tests.e2e.dying_worker", mailbox, history_id, when, str(number)]
    settings = {**os.environ, **environment(stack.plan, "process_history")}
    ended = subprocess.run(command, cwd=REPOSITORY, env=settings, capture_output=True, timeout=60, check=False)
    assert ended.returncode == DEAD or b"survived" in ended.stderr, ended.stderr.decode()
    return ended.returncode == DEAD


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [0, 1, 2], ids=["claim", "chunk", "cursor"])
def test_f07_a_worker_that_dies_at_any_commit_loses_nothing_and_doubles_nothing(
    stack: Stack, office: Office, when: str, number: int
) -> None:
    at_rest(office)
    office.gmail.pushes(lose=1000)
    arrived = ["Before"]
    for _ in range(ATTEMPTS):
        arrived += [office.arrives(f"Number {one}")["id"] for one in range(3)]
        stranger = office.arrives("From a stranger", sender="stranger@elsewhere.example")
        if died(stack, office.mailbox, stranger["historyId"], when, number):
            break
    else:
        raise AssertionError("the stack's own workers were always faster")
    office.gmail.end_pushes()
    office.gmail.advance(3_700)

    def whole() -> bool:
        office.endpoints.run_schedule("reconcile_mailboxes")
        return len(office.crm.messages(office.contact)) == len(arrived)

    until(whole, within_s=30, every_s=0.3, what="all messages")
    office.decided(stranger["id"], "left_out")
    (conversation,) = office.crm.conversations()
    assert conversation["message_count"] == conversation["unread"] == len(arrived)
    until(lambda: office.crm.connection()["coverage"] == 100, what="full coverage")

    def told() -> bool:
        events = office.endpoints.happened("message.stored", office.location)
        return len({event["id"] for event in events}) == len(arrived)

    until(told, what="one event for each message")
