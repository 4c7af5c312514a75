"""Between the functions and the Firestore emulator, call by call: refuses them, holds them, or loses their answers."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import grpc

THREADS = 64
HELD_AT_MOST_S = 60.0
REFUSED = grpc.StatusCode.UNAVAILABLE
NOT_PASSED_ON = ("grpc-", ":", "user-agent", "te", "content-type")


class Call(StrEnum):
    """What may be asked of the store."""

    READ = "BatchGetDocuments"
    COMMIT = "Commit"
    QUERY = "RunQuery"
    COUNT = "RunAggregationQuery"
    ANY = ""


class When(StrEnum):
    """Where in a call the strike falls."""

    BEFORE = "before"
    """The store never hears of it."""
    AFTER = "after"
    """The store did it, and the caller does not hear that."""


@dataclass(slots=True)
class Rule:
    """Strikes calls whose request has all of `naming` in it, skipping `after`, `times` times (None: until mended).

    `status` is what the caller gets; None lets the call go on once it is released. A rule that is `held` strikes only
    then too. When a call that was let go is `over`, the store has `answered` it so.
    """

    call: Call
    when: When
    naming: tuple[bytes, ...]
    status: grpc.StatusCode | None
    after: int
    times: int | None
    held: bool
    met: threading.Event = field(default_factory=threading.Event)
    struck: int = 0
    answered: grpc.StatusCode | None = None
    over: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)

    def strikes(self, call: str, when: When, request: bytes) -> bool:
        """Whether this call is hit; counts it."""
        named = self.when is when and self.call in {call, Call.ANY} and all(one in request for one in self.naming)
        if not named or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times = self.times - 1 if self.times else self.times
        return True

    def wait(self, within_s: float = 20.0) -> None:
        """Until a call was struck, and is held where that is asked for."""
        assert self.met.wait(within_s), f"no {self.call} of {self.naming!r} within {within_s} s"

    def release(self) -> None:
        """Lets go what is held."""
        self._released.set()

    def fall(self, context: grpc.ServicerContext) -> None:
        """Strikes."""
        self.struck += 1
        self.met.set()
        if self.held:
            self._released.wait(HELD_AT_MOST_S)
        if self.status is not None:
            context.abort(self.status, "struck on purpose")


class StoreGate(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A gRPC server on `port` that passes every call on to `target`, its request and answers as they are."""

    def __init__(self, port: int, target: int) -> None:
        self._target, self._rules, self._lock = f"127.0.0.1:{target}", list[Rule](), threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0), *_UNLIMITED])
        self._server.add_generic_rpc_handlers((self,))
        if self._server.add_insecure_port(f"127.0.0.1:{port}") != port:
            raise OSError(f"port {port} is taken")
        self._channel = self._connected()

    def start(self) -> None:
        """Listens."""
        self._server.start()

    def stop(self) -> None:
        """Ends; what is held is let go."""
        self.mend()
        self._server.stop(0.2).wait()
        self._channel.close()

    def reconnect(self) -> None:
        """For a store that was started anew: no waiting from the time when it was away."""
        before, self._channel = self._channel, self._connected()
        before.close()

    def strike(
        self,
        call: Call,
        when: When = When.BEFORE,
        *,
        naming: Sequence[str] = (),
        status: grpc.StatusCode | None = REFUSED,
        after: int = 0,
        times: int | None = 1,
    ) -> Rule:
        """Calls fail with `status`, before the store hears of them or after it did what they ask."""
        return self._add(Rule(call, when, _octets(naming), status, after, times, held=False))

    def hold(
        self,
        call: Call,
        when: When = When.BEFORE,
        *,
        naming: Sequence[str] = (),
        status: grpc.StatusCode | None = None,
        after: int = 0,
    ) -> Rule:
        """One call stands still until it is released, and then goes on, or fails with `status`."""
        return self._add(Rule(call, when, _octets(naming), status, after, 1, held=True))

    def mend(self) -> None:
        """No rule is in force any more, and what is held is let go."""
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            rule.release()

    def _add(self, rule: Rule) -> Rule:
        with self._lock:
            self._rules.append(rule)
        return rule

    def _connected(self) -> grpc.Channel:
        return grpc.insecure_channel(self._target, options=_UNLIMITED)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Any method, as a stream both ways, which unary calls are on the wire too."""
        method = handler_call_details.method

        def passed(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            yield from self._passed(method, next(requests), context)

        return grpc.stream_stream_rpc_method_handler(passed)

    def _passed(self, method: str, request: bytes, context: grpc.ServicerContext) -> Sequence[bytes]:
        call = method.rpartition("/")[2]
        first = self._rule(call, When.BEFORE, request)
        if first:
            first.fall(context)
        answers = self._asked(method, request, context, first)
        # Only what the store did can have its answer lost.
        if last := self._rule(call, When.AFTER, request):
            last.fall(context)
        return answers

    def _asked(self, method: str, request: bytes, context: grpc.ServicerContext, rule: Rule | None) -> Sequence[bytes]:
        metadata = [(one.key, one.value) for one in context.invocation_metadata() if _goes_on(one.key)]
        code = grpc.StatusCode.OK
        try:
            return list(self._channel.unary_stream(method)(request, metadata=metadata, timeout=HELD_AT_MOST_S))
        except grpc.RpcError as error:
            code = error.code()
            context.abort(code, error.details() or "")
            raise
        finally:
            if rule:
                rule.answered = code
                rule.over.set()

    def _rule(self, call: str, when: When, request: bytes) -> Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.strikes(call, when, request):
                    return rule
        return None


_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def _octets(naming: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(one.encode() for one in naming)


def _goes_on(name: str) -> bool:
    return not name.startswith(NOT_PASSED_ON)
