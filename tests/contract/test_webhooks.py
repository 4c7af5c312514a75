"""The CRM's receiver of events: one suite on the fake, and on the real adapter against a server."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta

import pytest

from shared.ports.webhooks import Reply, Verdict
from tests.contract.crm_receivers import AT, FakeReceiver, Receiver, served

BODY = '{"id": "message.stored:l1:m1", "name": "Zoë"}'.encode()


@pytest.fixture(params=["fake", "served"])
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    with nullcontext(FakeReceiver()) if request.param == "fake" else served() as one:
        yield one


def deliver(receiver: Receiver) -> Reply:
    return receiver.webhook.deliver("message.stored:l1:m1", BODY, at=AT)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_R75_any_2xx_is_a_success_and_the_body_came_octet_by_octet(receiver: Receiver, status: int) -> None:
    receiver.answers(status)

    assert deliver(receiver) == Reply(Verdict.TAKEN)
    assert receiver.bodies() == [BODY]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 400, 401, 404, 409, 429, 500, 502, 503, 504])
def test_f49_anything_else_is_a_failure_redirects_included(receiver: Receiver, status: int) -> None:
    receiver.answers(status)

    assert deliver(receiver) == Reply(Verdict.FAILED, f"status {status}")


def test_f49_410_asks_for_no_more(receiver: Receiver) -> None:
    receiver.answers(410)

    assert deliver(receiver) == Reply(Verdict.GONE, "status 410")


@pytest.mark.parametrize("status", [429, 503])
def test_f49_a_receiver_may_say_for_how_long_to_stay_away(receiver: Receiver, status: int) -> None:
    receiver.answers(status, retry_after=90)

    assert deliver(receiver) == Reply(Verdict.FAILED, f"status {status}", timedelta(seconds=90))


def test_nothing_is_remembered_from_one_try_to_the_next(receiver: Receiver) -> None:
    receiver.answers(500)
    deliver(receiver)
    receiver.answers(204)

    assert deliver(receiver) == Reply(Verdict.TAKEN)
