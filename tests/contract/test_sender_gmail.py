"""Gmail's protocol for the way out, as the adapter speaks it: what is asked, renewed, refused, and never repeated."""

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from shared.errors import Doubtful, GrantLost, Refused, Remedy, Transient
from shared.ports.gmail import SentMail
from tests.contract.ways_out import MIB, SEND, SimulatedWayOut, simulated_way_out
from tests.simulator.running import Running, start


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    running, end = start()
    yield running
    end()


@pytest.fixture
def account(simulator: Running) -> Iterator[SimulatedWayOut]:
    made = simulated_way_out(simulator)
    yield made
    made.mends()


def test_r10_a_mail_is_one_call_and_a_lost_answer_does_not_make_it_two(account: SimulatedWayOut) -> None:
    composed = account.letter(100_000)
    account.send(composed)
    session = account.sender.begin(composed.size, None)
    account.fault(SEND, drop="after")

    with pytest.raises(Doubtful):
        account.sender.finish(session, composed)

    assert isinstance(account.sender.ask(session, composed.size), SentMail)
    assert (len(account.sent()), account.calls()) == (2, 2)


@pytest.mark.parametrize("drop", ["truncate", "html"])
def test_f53_an_answer_that_cannot_be_read_is_doubtful(account: SimulatedWayOut, drop: str) -> None:
    account.fault(SEND, drop=drop)

    with pytest.raises(Doubtful):
        account.send(account.letter())

    assert (len(account.sent()), account.calls()) == (1, 1)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_f53_a_server_error_behind_the_upload_is_doubtful_and_not_repeated(
    account: SimulatedWayOut, status: int
) -> None:
    composed = account.letter()
    session = account.sender.begin(composed.size, None)
    account.fault("upload.chunk", status=status)

    with pytest.raises(Doubtful):
        account.sender.finish(session, composed)

    assert account.sent() == []


@pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded")])
def test_f54_a_rate_refusal_names_the_time(account: SimulatedWayOut, status: int, reason: str) -> None:
    account.fault(SEND, status=status, reason=reason, retry_after=3_600)

    with pytest.raises(Transient) as caught:
        account.send(account.letter())

    assert caught.value.retry_at
    assert 3_000 < (caught.value.retry_at - datetime.now(UTC)).total_seconds() < 3_700
    assert account.sent() == []


RATES = pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded")])


@RATES
def test_f53_a_rate_refusal_behind_a_mail_that_was_accepted_is_not_believed(
    account: SimulatedWayOut, status: int, reason: str
) -> None:
    account.fault(SEND, status=status, reason=reason, retry_after=60, effect=True)

    sent = account.send(account.letter())

    assert isinstance(sent, SentMail)
    assert (len(account.sent()), account.calls()) == (1, 1)


@RATES
@pytest.mark.parametrize("accepted", [False, True])
def test_f53_a_rate_refusal_is_doubtful_where_the_session_does_not_confirm_it(
    account: SimulatedWayOut, status: int, reason: str, accepted: bool
) -> None:
    account.fault(SEND, status=status, reason=reason, retry_after=60, effect=accepted)
    account.fault("upload.status", status=404, reason="notFound")

    with pytest.raises(Doubtful):
        account.send(account.letter())

    assert len(account.sent()) == accepted


def test_f53_a_rate_refusal_is_doubtful_where_the_session_cannot_be_asked(account: SimulatedWayOut) -> None:
    account.fault(SEND, status=429, reason="rateLimitExceeded", retry_after=60, effect=True)
    account.fault("upload.status", drop="before")

    with pytest.raises(Doubtful):
        account.send(account.letter())


@RATES
@pytest.mark.parametrize("accepted", [False, True])
def test_f53_a_rate_refusal_that_the_session_repeats_proves_nothing(
    account: SimulatedWayOut, status: int, reason: str, accepted: bool
) -> None:
    account.fault(SEND, status=status, reason=reason, retry_after=3_600, effect=accepted)
    account.fault("upload.status", status=status, reason=reason, retry_after=3_600)

    with pytest.raises(Doubtful):
        account.send(account.letter())

    assert len(account.sent()) == accepted


def test_f56_a_bad_request_is_refused_for_good(account: SimulatedWayOut) -> None:
    account.fault(SEND, status=400, reason="invalidArgument")

    with pytest.raises(Refused):
        account.send(account.letter())


def test_r06_an_administrators_block_is_told_apart(account: SimulatedWayOut) -> None:
    account.fault("upload.start", status=403, reason="domainPolicy")

    with pytest.raises(GrantLost) as caught:
        account.send(account.letter())

    assert caught.value.remedy is Remedy.ADMINISTRATOR


def test_a_refused_token_during_the_upload_is_a_refusal_and_the_stream_is_not_sent_again(
    account: SimulatedWayOut,
) -> None:
    account.fault("upload.chunk", status=401, reason="authError")
    with pytest.raises(Transient):
        account.send(account.letter())
    assert account.sent() == []

    account.send(account.letter())
    assert len(account.sent()) == 1


def test_a_refused_token_before_the_upload_is_renewed(account: SimulatedWayOut) -> None:
    account.fault("upload.start", status=401, reason="authError")

    account.send(account.letter())

    assert len(account.sent()) == 1


def test_f57_a_password_change_ends_the_grant(account: SimulatedWayOut) -> None:
    account.gmail.act(f"mailboxes/{account.email}/password", {})

    with pytest.raises(GrantLost) as caught:
        account.send(account.letter())

    assert caught.value.remedy is Remedy.RECONNECT


@pytest.mark.parametrize("method", ["upload.start", "upload.status"])
@pytest.mark.parametrize("how", [{"drop": "before"}, {"status": 503}, {"status": 408}])
def test_what_sends_nothing_may_be_tried_again(account: SimulatedWayOut, method: str, how: dict[str, object]) -> None:
    composed = account.letter()
    session = account.sender.begin(composed.size, None)
    account.fault(method, **how)

    with pytest.raises(Transient):
        account.sender.begin(composed.size, None) if method == "upload.start" else account.sender.ask(
            session, composed.size
        )


def test_p9_25_megabytes_go_out_whole_in_little_memory(account: SimulatedWayOut) -> None:
    composed = account.letter(25 * MIB)
    gc.collect()
    tracemalloc.start()
    blocks = sum(map(len, composed.open_at(0)))
    _, composing = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    account.send(composed)

    (raw,) = account.sent()
    attached = message_from_bytes(raw).get_payload(1)
    assert len(attached.get_payload(decode=True)) == 25 * MIB  # type: ignore[union-attr]
    assert blocks == composed.size <= 36_700_160
    assert composing < 2 * MIB
