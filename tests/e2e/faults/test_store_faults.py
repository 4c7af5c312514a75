"""Firestore that loses answers, is contended, away, half away, or has too much to hold: nothing is lost or doubled."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from tests.e2e.driver import Answer, File, new_id, until
from tests.e2e.faults.watched import Watched
from tests.sandbox.fronts import Fronts
from tests.sandbox.restarts import away
from tests.sandbox.stack import Stack
from tests.sandbox.store_gate import REFUSED, Call, When

LATE = grpc.StatusCode.DEADLINE_EXCEEDED
CONTENDED = grpc.StatusCode.ABORTED
TOO_LATE = frozenset({grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS})
"""What the store says to a write whose documents were written meanwhile."""
TEN_MINUTES_S = 600


@pytest.mark.parametrize("which", ["chunk", "cursor"])
def test_f06_a_holder_that_stands_still_past_its_lease_and_then_goes_on_writes_nothing(
    office: Watched, fronts: Fronts, which: str
) -> None:
    late = fronts.gate.hold(Call.COMMIT, When.BEFORE, naming=office.commit(which))
    office.held(3)
    office.let_go()
    late.wait()

    office.drained()
    settled = office.mailbox
    late.release()

    assert late.over.wait(20)
    assert late.answered in TOO_LATE
    assert office.mailbox == settled
    office.kept_every_promise()


def test_f06_a_holder_that_goes_on_after_the_contact_was_deleted_stores_nothing_of_it(
    office: Watched, fronts: Fronts
) -> None:
    late = fronts.gate.hold(Call.COMMIT, When.BEFORE, naming=office.commit("chunk"))
    rows = office.held(2)
    office.let_go()
    late.wait()
    assert office.office.backend.ask("DELETE", "records", f"/contacts/{office.office.contact}").status == 204
    office.arrived.clear()
    crm = office.office.crm

    def decided() -> bool:
        return all(crm.explain(gmail_id=row["id"])[0]["decision"] == "left_out" for row in rows)

    office.timer(decided, what="the other worker's decisions")
    late.release()

    assert late.over.wait(20)
    assert late.answered in TOO_LATE
    assert crm.conversations() == []
    office.at_rest()
    office.kept_every_promise()


@pytest.mark.parametrize("status", [REFUSED, LATE], ids=["unavailable", "deadline"])
@pytest.mark.parametrize("which", ["claim", "chunk", "cursor"])
def test_f08_a_sync_whose_commit_was_applied_but_reported_lost_finds_its_own_work(
    office: Watched, fronts: Fronts, which: str, status: grpc.StatusCode
) -> None:
    lost = fronts.gate.strike(Call.COMMIT, When.AFTER, naming=office.commit(which), status=status)
    office.held(3)
    office.let_go()
    lost.wait()

    office.drained()
    office.kept_every_promise()


def test_f08_the_connection_to_the_store_breaks_before_the_answer_to_a_commit(office: Watched, fronts: Fronts) -> None:
    kept = fronts.gate.hold(Call.COMMIT, When.AFTER, naming=office.commit("chunk"))
    office.held(3)
    office.let_go()
    kept.wait()
    fronts.firestore.cut()
    kept.release()

    office.drained()
    office.kept_every_promise()


def test_f08_a_send_whose_acceptance_was_reported_lost_is_accepted_once(office: Watched, fronts: Fronts) -> None:
    key, file = new_id("key"), File("a.bin", "image/png", b"x" * 1000)
    lost = fronts.gate.strike(Call.COMMIT, When.AFTER, naming=("/outbox/",), status=LATE)

    answer = office.office.crm.post_mail(key, office.letter(), [file])

    assert lost.struck
    assert answer.status == 202
    office.office.settled(answer.json()["id"])
    assert office.office.crm.post_mail(key, office.letter(), [file]).json()["id"] == answer.json()["id"]
    office.at_rest()
    office.kept_every_promise(sent=1)
    office.limit_left(499)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["claimed", "calling", "sent"])
def test_f08_a_delivery_whose_commit_was_reported_lost_sends_once(office: Watched, fronts: Fronts, number: int) -> None:
    lost = fronts.gate.strike(Call.COMMIT, When.AFTER, naming=("/outbox/",), after=number + 1)

    accepted = office.office.crm.send(new_id("key"), office.letter())

    lost.wait()
    office.timer(lambda: office.office.crm.message(accepted["id"])["status"] == "sent", what="a sent mail")
    office.at_rest()
    office.kept_every_promise(sent=1)
    office.limit_left(499)


def test_f25_a_send_that_meets_contention_to_the_end_is_refused_and_leaves_nothing_behind(
    office: Watched, fronts: Fronts
) -> None:
    key = new_id("key")
    contended = fronts.gate.strike(Call.COMMIT, naming=("/outbox/",), status=CONTENDED, times=None)

    refused = office.office.crm.post_mail(key, office.letter())

    assert (refused.status, refused.code) == (503, "unavailable")
    assert contended.struck > 5
    fronts.gate.mend()
    office.limit_left(500)
    assert office.office.crm.conversations() == []
    office.office.settled(office.office.crm.send(key, office.letter())["id"])
    office.at_rest()
    office.kept_every_promise(sent=1)
    office.limit_left(499)


def test_f25_a_sync_that_meets_contention_to_the_end_writes_nothing_by_halves_and_comes_again(
    office: Watched, fronts: Fronts
) -> None:
    contended = fronts.gate.strike(Call.COMMIT, naming=office.commit("chunk"), status=CONTENDED, times=None)
    office.held(3)
    office.let_go()
    until(lambda: contended.struck >= 8 and not office.mailbox.holder, what="a worker that gave up")

    assert office.stored() == []
    assert office.office.crm.conversations() == []
    fronts.gate.mend()
    office.drained()
    office.kept_every_promise()


@pytest.mark.parametrize("wholly", [False, True], ids=["only writes fail", "nothing answers"])
def test_f26_in_ten_minutes_without_the_store_nothing_is_acknowledged_that_is_not_durable(
    office: Watched, fronts: Fronts, wholly: bool
) -> None:
    key, backend = new_id("key"), office.office.backend
    if wholly:
        fronts.firestore.refuse()
    else:
        fronts.gate.strike(Call.COMMIT, times=None)
    office.held(3)
    office.let_go()
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(backend.ask, "PUT", "records", f"/contacts/{new_id('c')}", body={"email": "a@b.example"}),
            pool.submit(office.office.crm.post_mail, key, office.letter()),
        ]
        answers: list[Answer] = [one.result() for one in asked]
    office.office.gmail.advance(TEN_MINUTES_S)
    fronts.mend()

    assert [(answer.status, answer.code) for answer in answers] == [(503, "unavailable")] * 2
    office.drained()
    sent = office.office.crm.send(key, office.letter())
    office.timer(lambda: office.office.crm.message(sent["id"])["status"] == "sent", what="the mail that was repeated")
    office.at_rest()
    office.kept_every_promise(sent=1)
    office.limit_left(499)


def test_f26_a_store_that_is_restarted_has_lost_nothing_and_work_goes_on(office: Watched, stack: Stack) -> None:
    office.arrive(2)
    office.drained()
    with away(stack, "firestore"):
        office.arrive(2)

    office.drained()
    office.kept_every_promise()
