"""The gate before the store: which calls reach it, and what their callers hear."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from tests.sandbox.ports import choose
from tests.sandbox.store_gate import REFUSED, Call, StoreGate, When

Ask = Callable[..., list[bytes]]


class Kept(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A store that answers each call with its name and its request; `got` is what reached it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, str | None]] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        name = handler_call_details.method.rpartition("/")[2]

        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            metadata = {one.key: one.value for one in context.invocation_metadata()}
            self.got.append((name, request, metadata.get("authorization")))
            if request == b"stale":
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "written meanwhile")
            yield name.encode()
            yield request

        return grpc.unary_stream_rpc_method_handler(answer)


@pytest.fixture
def ports() -> dict[str, int]:
    return choose(["gate", "store"])


@pytest.fixture
def kept(ports: dict[str, int]) -> Iterator[Kept]:
    made, server = Kept(), grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((made,))
    server.add_insecure_port(f"127.0.0.1:{ports['store']}")
    server.start()
    yield made
    server.stop(0)


@pytest.fixture
def gate(ports: dict[str, int], kept: Kept) -> Iterator[StoreGate]:
    made = StoreGate(ports["gate"], ports["store"])
    made.start()
    yield made
    made.stop()


@pytest.fixture
def ask(ports: dict[str, int], gate: StoreGate) -> Iterator[Ask]:
    with grpc.insecure_channel(f"127.0.0.1:{ports['gate']}") as channel:

        def made(call: Call, request: bytes = b"documents/a") -> list[bytes]:
            asking = channel.unary_stream(f"/google.firestore.v1.Firestore/{call}")
            return list(asking(request, metadata=[("authorization", "Bearer owner")], timeout=10))

        yield made


def refusal(ask: Ask, *what: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as raised:
        ask(*what)
    code: grpc.StatusCode = raised.value.code()
    return code


def test_calls_and_answers_pass_as_they_are(ask: Ask, kept: Kept) -> None:
    large = b"x" * 3_900_000

    assert ask(Call.READ) == [b"BatchGetDocuments", b"documents/a"]
    assert ask(Call.COMMIT, large) == [b"Commit", large]
    assert kept.got[0] == ("BatchGetDocuments", b"documents/a", "Bearer owner")


def test_what_the_store_refuses_is_refused(ask: Ask) -> None:
    assert refusal(ask, Call.COMMIT, b"stale") is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("when", list(When))
def test_a_struck_call_reaches_the_store_or_not_and_its_caller_never_knows(
    ask: Ask, gate: StoreGate, kept: Kept, when: When
) -> None:
    rule = gate.strike(Call.COMMIT, when, naming=["documents/a"], after=1)

    assert ask(Call.READ)
    assert ask(Call.COMMIT, b"documents/b")
    assert ask(Call.COMMIT)
    assert refusal(ask, Call.COMMIT) is REFUSED
    assert ask(Call.COMMIT)
    assert (rule.struck, rule.met.is_set()) == (1, True)
    assert len(kept.got) == (4 if when is When.BEFORE else 5)


def test_all_of_a_kind_fail_until_it_is_mended(ask: Ask, gate: StoreGate) -> None:
    gate.strike(Call.ANY, status=grpc.StatusCode.ABORTED, times=None)

    for call in (Call.READ, Call.COMMIT, Call.QUERY, Call.COUNT):
        assert refusal(ask, call) is grpc.StatusCode.ABORTED
    gate.mend()
    assert ask(Call.READ)


def test_an_answer_is_not_lost_that_says_that_nothing_was_done(ask: Ask, gate: StoreGate) -> None:
    rule = gate.strike(Call.COMMIT, When.AFTER)

    assert refusal(ask, Call.COMMIT, b"stale") is grpc.StatusCode.FAILED_PRECONDITION
    assert rule.struck == 0
    assert refusal(ask, Call.COMMIT) is REFUSED


@pytest.mark.parametrize("when", list(When))
def test_a_held_call_goes_on_when_it_is_released_even_if_nobody_waits_for_it(
    ask: Ask, gate: StoreGate, kept: Kept, when: When
) -> None:
    rule = gate.hold(Call.COMMIT, when)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask, Call.COMMIT)
        rule.wait()
        assert len(kept.got) == (0 if when is When.BEFORE else 1)
        assert not asking.done()
        rule.release()
        assert asking.result(10) == [b"Commit", b"documents/a"]
    if when is When.BEFORE:
        assert rule.over.wait(5)
        assert rule.answered is grpc.StatusCode.OK


def test_a_held_call_may_fail_in_the_end(ask: Ask, gate: StoreGate, kept: Kept) -> None:
    rule = gate.hold(Call.COMMIT, status=REFUSED)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(refusal, ask, Call.COMMIT)
        rule.wait()
        gate.mend()
        assert asking.result(10) is REFUSED
    assert kept.got == []
