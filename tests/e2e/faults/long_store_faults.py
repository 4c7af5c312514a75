"""What takes long on a real stack; not collected by itself: `pytest tests/e2e/faults/long_store_faults.py`."""

from dataclasses import replace

import grpc
import pytest

from tests.e2e.driver import Office, connect, new_office, until
from tests.e2e.faults.watched import Watched
from tests.sandbox.fronts import Fronts
from tests.sandbox.store_gate import REFUSED, Call, When


def test_f27_a_chunk_of_more_documents_than_one_batch_can_hold_is_stored_whole_everywhere(office: Watched) -> None:
    offices = [office.office, *(another(office.office) for _ in range(8))]
    office.at_rest()
    office.held(50)
    office.let_go()

    office.drained()
    for one in offices:
        (conversation,) = one.crm.conversations()
        assert (conversation["message_count"], conversation["unread"]) == (50, 50)
    office.kept_every_promise()


def another(office: Office) -> Office:
    """A location more, with the same user's mailbox and the same contact."""
    made = replace(new_office(office.endpoints, connected=False), mailbox=office.mailbox)
    made.backend.put_user(made.user, made.mailbox)
    made.backend.put_contact(made.contact, office.contact_email)
    connect(office.endpoints, made.crm, made.mailbox)
    return made


@pytest.mark.parametrize("which", ["claim", "cursor"])
def test_f25_a_mailbox_that_is_contended_beyond_all_patience_is_refused_and_comes_again(
    office: Watched, fronts: Fronts, which: str
) -> None:
    status = grpc.StatusCode.ABORTED
    contended = fronts.gate.strike(Call.COMMIT, naming=office.commit(which), status=status, times=None)
    office.held(3)
    office.let_go()
    until(lambda: contended.struck >= 30, within_s=60, what="a worker that gave up")
    fronts.gate.mend()

    office.drained()
    office.kept_every_promise()


@pytest.mark.parametrize("status", [REFUSED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED])
@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize("call", [Call.READ, Call.COMMIT, Call.QUERY])
@pytest.mark.parametrize("number", range(6))
def test_f08_f25_f26_any_call_of_a_sync_may_fail_in_any_way(
    office: Watched, fronts: Fronts, call: Call, when: When, status: grpc.StatusCode, number: int
) -> None:
    fronts.gate.strike(call, when, status=status, after=number)
    office.held(3)
    office.let_go()

    office.drained()
    fronts.gate.mend()
    office.kept_every_promise()
